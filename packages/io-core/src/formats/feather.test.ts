import { readFile } from 'node:fs/promises';
import * as arrow from 'apache-arrow';
import { expect, test } from 'vitest';
import { inspectFile } from '../inspect.ts';
import { schemaFields } from '../schema/schema.ts';
import { openStorage } from '../storage/open.ts';

const folder = `memory://${crypto.randomUUID()}`;

async function inspect(bytes: Uint8Array) {
  const path = `${folder}/file`;
  await openStorage(path).write(path, bytes);
  return inspectFile({ path, content_type: 'feather' });
}

const whole = async () => new Uint8Array(await readFile(`${import.meta.dirname}/testdata/pyarrow.feather`));

test('a Feather file by pyarrow tells its schema and size', async () => {
  const bytes = await whole();
  const found = await inspect(bytes);
  expect(found).toMatchObject({ size_bytes: bytes.byteLength, record_count: null, column_stats: null });
  const fields = schemaFields(found.schema ?? expect.unreachable());
  expect(fields).toHaveLength(26);
  expect(fields[0]).toMatchObject({ name: 'i8', type: 'int8' });
});

test('a Feather file that does not begin with its schema tells its size', async () => {
  const bytes = arrow.tableToIPC(new arrow.Table({ a: arrow.vectorFromArray([1], new arrow.Int32()) }), 'file');
  expect(await inspect(bytes)).toMatchObject({ size_bytes: bytes.byteLength, schema: null });
});

test('a cut file and other files are invalid_entry', async () => {
  const bytes = await whole();
  for (let length = 0; length < bytes.length; length += 97) {
    await expect(inspect(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'invalid_entry' });
  }
  await expect(inspect(new TextEncoder().encode('id,name\n1,a\n2,b\n'))).rejects.toMatchObject({
    code: 'invalid_entry',
  });
});
