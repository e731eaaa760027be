import type { ContentType } from '@deltacat/contract';
import { describe, expect, test } from 'vitest';
import { executePlan } from '../execute.ts';
import { inspectFile } from '../inspect.ts';
import { newS3Folder, TEST_S3, testS3Access } from '../testing/s3-place.ts';
import { writeRows } from '../write.ts';
import { dataFile, filesPlan } from './testing/file-rows.ts';

const FIELDS = [
  { name: 'id', type: 'int64' },
  { name: 'name', type: 'string' },
];
const ROWS = [
  { id: 1n, name: 'a' },
  { id: 2n, name: null },
  { id: 3n, name: 'é' },
];

const FORMATS: ContentType[] = ['parquet', 'feather', 'avro', 'lance', 'csv', 'tsv', 'psv', 'unescaped_tsv', 'json'];

describe.skipIf(TEST_S3 === null)('on S3 (skipped where DELTACAT_TEST_S3_URL names no server)', () => {
  test.each(FORMATS)('rows are written, looked at and read as %s', async (format) => {
    const access = testS3Access();
    const target = { data_dir: newS3Folder(), schema: FIELDS, format, access };
    const [entry] = await writeRows(ROWS, target);
    const path = entry?.path ?? '';
    const { size_bytes } = await inspectFile({ path, content_type: format, access });
    expect(size_bytes).toBeGreaterThan(0);
    const file = dataFile(path, format, { content_encoding: entry?.content_encoding ?? 'identity' });
    expect(await executePlan(filesPlan([file], FIELDS), { access }).objects()).toEqual(ROWS);
    const columns = ['name'];
    const names = await executePlan(filesPlan([file], FIELDS), { access, columns }).objects();
    expect(names).toEqual(ROWS.map(({ name }) => ({ name })));
  });
});
