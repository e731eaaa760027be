import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeRows } from '@deltacat/io-core';
import { RecordBatchFileWriter, tableFromArrays } from 'apache-arrow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PLAIN, startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;

beforeAll(async () => {
  w = await startWriting();
});
afterAll(() => w.close());

/** The server does not open files of these formats: it takes their rows on the word of the writer. */
const TAKEN_ON_TRUST = ['csv', 'tsv', 'psv', 'json', 'orc', 'unescaped_tsv', 'binary'];

test.each([...TAKEN_ON_TRUST, 'avro', 'feather', 'lance', 'parquet'])(
  'a file of format %s can be registered and is planned as it is',
  async (format) => {
    await w.createTable(format, { schema_def: PLAIN, content_types: [format] });
    const session = await w.open(format, { mode: 'add', format });
    const path = await put(session.data_dir, format);
    const committed = await w.commit(session, [{ path, record_count: 1 }]);
    expect([committed.status, committed.body.error?.message]).toEqual([200, undefined]);
    // The official clients know this format by its MIME type alone.
    const content_type = format === 'unescaped_tsv' ? 'application/x-amzn-unescaped-tsv' : format;
    expect([session.format, committed.body.format]).toEqual([content_type, content_type]);
    const { body } = await w.post(`/v1/namespaces/n/tables/${format}/plan`);
    expect(body).toMatchObject({ content_type, total_files: 1, total_records: 1 });
    expect(body.scan_tasks[0].files).toMatchObject([{ path, content_type, record_count: 1 }]);
    const described = await w.server.request('GET', `/v1/namespaces/n/tables/${format}`);
    expect(described.body).toMatchObject({ content_types: [format], total_files: 1, total_records: 1 });
  },
);

async function putAvro(folder: string): Promise<string> {
  const [entry] = await writeRows([{ id: 1, v: 'a' }], { data_dir: folder, format: 'avro' });
  return entry?.path ?? '';
}

test.each(['avro', 'feather'])(
  'a %s file is refused when it is none, or has other rows than its entry says',
  async (format) => {
    await w.createTable(`bad_${format}`, { schema_def: PLAIN, content_types: [format] });
    const session = await w.open(`bad_${format}`, { mode: 'add', format });
    const path = await put(session.data_dir, format);
    const more = await w.commit(session, [{ path, record_count: 2 }]);
    expect([more.status, more.body.error?.code]).toEqual([400, 'invalid_entry']);
    writeFileSync(path, 'id,v');
    const other = await w.commit(session, [{ path, record_count: 1 }]);
    expect([other.status, other.body.error?.code]).toEqual([400, 'invalid_entry']);
  },
);

async function put(folder: string, format: string): Promise<string> {
  if (format === 'parquet') return (await w.put(folder, [{ id: 1, v: 'a' }], PLAIN)).path;
  if (format === 'avro') return putAvro(folder);
  const path = join(folder, `rows.${format}`);
  if (format === 'lance') {
    mkdirSync(join(path, '_versions'), { recursive: true });
    writeFileSync(join(path, '_versions', '1.manifest'), 'x');
    return path;
  }
  mkdirSync(folder, { recursive: true });
  const rows = tableFromArrays({ id: BigInt64Array.of(1n) });
  writeFileSync(path, format === 'feather' ? RecordBatchFileWriter.writeAll(rows).toUint8Array(true) : '1,a');
  return path;
}
