import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { WriteEntry } from '@deltacat/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inPartition, type OpenedSession, startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;

beforeEach(async () => {
  w = await startWriting();
  await w.createTable('t');
});
afterEach(() => w.close());

interface Bad {
  title: string;
  code: string;
  says: string;
  entries(of: { session: OpenedSession; entry: WriteEntry }): unknown[] | Promise<unknown[]>;
}

const UPPER = [
  { name: 'id', type: 'int64' },
  { name: 'V', type: 'string' },
];
const TEXT = [
  { name: 'id', type: 'string' },
  { name: 'v', type: 'string' },
];
const KEYLESS = [{ name: 'v', type: 'string' }];

const BAD: Bad[] = [
  {
    title: 'a file that does not exist',
    code: 'invalid_entry',
    says: 'missing.parquet',
    entries: ({ session }) => [{ path: `${session.data_dir}/missing.parquet`, record_count: 1 }],
  },
  {
    title: 'a file with other rows than its entry says',
    code: 'invalid_entry',
    says: 'has 1 rows, its entry says 7',
    entries: ({ entry }) => [{ ...entry, record_count: 7 }],
  },
  {
    title: 'a file with another size than its entry says',
    code: 'invalid_entry',
    says: 'bytes, its entry says 7',
    entries: ({ entry }) => [{ ...entry, content_length: 7 }],
  },
  {
    title: 'a file named twice, in two spellings',
    code: 'invalid_entry',
    says: 'twice',
    entries: ({ entry }) => [entry, { ...entry, path: pathToFileURL(entry.path).href }],
  },
  {
    title: 'a file that is no Parquet file',
    code: 'invalid_entry',
    says: 'not a Parquet file',
    entries({ session }) {
      writeFileSync(`${session.data_dir}/x.parquet`, 'not a Parquet file at all');
      return [{ path: `${session.data_dir}/x.parquet`, record_count: 1 }];
    },
  },
  {
    title: 'a folder in place of a file',
    code: 'invalid_entry',
    says: 'sub',
    entries({ session }) {
      mkdirSync(`${session.data_dir}/sub`);
      return [{ path: `${session.data_dir}/sub`, record_count: 1 }];
    },
  },
  {
    title: 'a pipe in place of a file',
    code: 'invalid_entry',
    says: 'no file',
    entries({ session }) {
      execFileSync('mkfifo', [`${session.data_dir}/pipe.parquet`]);
      return [{ path: `${session.data_dir}/pipe.parquet`, record_count: 1 }];
    },
  },
  {
    title: 'a folder that is no Lance dataset',
    code: 'invalid_entry',
    says: 'does not exist',
    entries({ session }) {
      mkdirSync(`${session.data_dir}/folder`);
      writeFileSync(`${session.data_dir}/folder/x`, 'x');
      return [{ path: `${session.data_dir}/folder`, record_count: 1, content_type: 'lance' }];
    },
  },
  {
    title: 'a socket in place of a file',
    code: 'invalid_entry',
    says: 'ENXIO',
    async entries({ session }) {
      const path = `${session.data_dir}/s`;
      // The path of a socket must be short.
      const short = join(w.server.root, 's');
      await new Promise<void>((resolve) => {
        createServer().listen(short, resolve).unref();
      });
      linkSync(short, path);
      return [{ path, record_count: 1, content_type: 'csv' }];
    },
  },
  {
    title: 'a relative path',
    code: 'invalid_entry',
    says: 'not absolute',
    entries: () => [{ path: 'x.parquet', record_count: 1 }],
  },
  {
    title: 'a path that no file can have',
    code: 'invalid_entry',
    says: 'ENAMETOOLONG',
    entries: ({ session }) => [
      { path: `${session.data_dir}/${'x'.repeat(4000)}`, record_count: 1, content_type: 'csv' },
    ],
  },
  {
    title: 'a file of a storage that is not there',
    code: 'not_supported',
    says: 'gs://',
    entries: () => [{ path: 'gs://bucket/x.parquet', record_count: 1 }],
  },
  {
    title: 'a CSV file that says nothing of its rows',
    code: 'invalid_entry',
    says: 'record_count',
    entries({ session }) {
      writeFileSync(`${session.data_dir}/x.csv`, 'id,v\n1,a\n');
      return [{ path: `${session.data_dir}/x.csv`, content_type: 'csv' }];
    },
  },
  {
    title: 'a file with a column whose name differs from another by case alone',
    code: 'schema_mismatch',
    says: 'named "V"',
    entries: async ({ session }) => [await w.put(session.data_dir, [{ id: 1, V: 'a' }], UPPER)],
  },
  {
    title: 'a file with a column of another type',
    code: 'schema_mismatch',
    says: 'it is string and the table has int64',
    entries: async ({ session }) => [await w.put(session.data_dir, [{ id: 'x', v: 'a' }], TEXT)],
  },
  {
    title: 'a file without the merge key',
    code: 'schema_mismatch',
    says: 'column "id"',
    entries: async ({ session }) => [await w.put(session.data_dir, [{ v: 'a' }], KEYLESS)],
  },
  {
    title: 'partition values on an unpartitioned table',
    code: 'invalid_entry',
    says: 'has 1 partition values',
    entries: ({ entry }) => [inPartition(entry, 'a')],
  },
  {
    title: 'a partition scheme that the table does not have',
    code: 'invalid_entry',
    says: 'partition scheme "7"',
    entries: ({ entry }) => [{ ...entry, partition_scheme_id: 7 }],
  },
  {
    title: 'a sort scheme that the table does not have',
    code: 'invalid_entry',
    says: 'sort scheme "s"',
    entries: ({ entry }) => [{ ...entry, sort_scheme_id: 's' }],
  },
  {
    title: 'a file of deleted rows in a mode that writes rows',
    code: 'invalid_entry',
    says: 'mode "delete"',
    entries: ({ entry }) => [{ ...entry, entry_type: 'equality_delete' }],
  },
];

test.each(BAD)('$title is refused, and nothing changes', async ({ code, says, entries }) => {
  const prepared = await w.opened();
  const before = await w.state();
  const answer = await w.commit(prepared.session, await entries(prepared));
  expect([answer.status, answer.body.error.code]).toEqual([400, code]);
  expect(answer.body.error.message).toContain(says);
  expect(await w.state()).toEqual(before);
  // The session is as open as before: the writer may correct what it hands over.
  expect((await w.commit(prepared.session, [prepared.entry])).body.status).toBe('COMMITTED');
});

describe('a file outside the folder of its session', () => {
  const outsiders: [string, (session: OpenedSession, path: string) => string][] = [
    ['by its path', (_session, path) => path],
    ['by ".."', (session, path) => `${session.data_dir}/../../..${path.slice(w.server.root.length)}`],
    [
      'by a link to it',
      (session, path) => {
        symlinkSync(path, `${session.data_dir}/link.parquet`);
        return `${session.data_dir}/link.parquet`;
      },
    ],
    ['by the name of a neighbour', (session, path) => `${session.data_dir}-next/${path.split('/').at(-1)}`],
  ];

  test.each(outsiders)('is refused when it lies there %s', async (_how, spell) => {
    const { session } = await w.opened();
    const outside = await w.put(mkdtempSync(join(w.server.root, 'x-')), [{ id: 1, v: 'a' }]);
    const before = await w.state();
    const answer = await w.commit(session, [{ ...outside, path: spell(session, outside.path) }]);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'entry_outside_session']);
    expect(answer.body.error.message).toContain('allow_external_entries');
    expect(await w.state()).toEqual(before);
  });

  test('is accepted by a session that allows external entries, and without a session', async () => {
    const outside = await w.put(mkdtempSync(join(w.server.root, 'x-')), [{ id: 1, v: 'a' }]);
    const session = await w.open('t', { allow_external_entries: true });
    expect((await w.commit(session, [outside])).status).toBe(200);
    const bare = await w.post('/v1/namespaces/n/tables/t/commit?mode=merge', { manifest_entries: [outside] });
    expect(bare.body).toMatchObject({ committed: true, files_registered: 1, total_records: 1, deltas_written: 1 });
  });
});
