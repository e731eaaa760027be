import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@deltacat/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const run = promisify(execFile);

/** The official clients of both generations, where the conformance kit has installed them. */
const PYTHONS = ['py067', 'py010']
  .map((name) => ({ name, python: join(homedir(), '.cache/deltacat-conformance', name, 'bin/python') }))
  .filter(({ python }) => existsSync(python));

/** Those that the official clients write, too. */
const FORMATS = ['parquet', 'feather', 'avro', 'lance', 'csv', 'tsv', 'psv', 'unescaped_tsv', 'json'] as const;

const FIELDS = [
  { name: 'id', type: 'int64' },
  { name: 'flag', type: 'bool' },
  { name: 'x', type: 'double' },
  { name: 'name', type: 'string' },
  { name: 'day', type: 'date32[day]' },
  { name: 'at', type: 'timestamp[us]' },
  { name: 'instant', type: 'timestamp[us, tz=UTC]' },
];
/** Polars, by which the official clients write Avro, writes no times of a zone. */
const AVRO_FIELDS = FIELDS.filter(({ name }) => name !== 'instant');
const ROWS = [
  {
    id: 9007199254740993n,
    flag: true,
    x: 0.5,
    name: 'a "quoted", é😀',
    day: '2024-02-29',
    at: '2024-01-02T03:04:05.000006',
    instant: '2024-01-02T03:04:05.000006+00:00',
  },
  {
    id: -1n,
    flag: false,
    x: -1e300,
    name: "it's | one",
    day: '1960-01-01',
    at: '1960-01-01T00:00:00',
    instant: '1960-01-01T00:00:00+00:00',
  },
  { id: 0n, flag: null, x: null, name: 'null', day: null, at: null, instant: null },
];

const READ = `
import json, sys
from deltacat_client import Client

def plain(value):
    if type(value) is int:
        return f"#{value}"
    return value.isoformat() if hasattr(value, "isoformat") else value

rows = Client(sys.argv[1], timeout=60).catalog.read(namespace="n", table=sys.argv[2]).to_pylist()
print(json.dumps([{name: plain(value) for name, value in row.items()} for row in rows]))
`;

const WRITE = `
import sys
from deltacat_client import Client
client = Client(sys.argv[1], timeout=60)
rows = client.catalog.read(namespace="n", table="given")
if sys.argv[3] == "avro":
    rows = rows.drop_columns(["instant"])
client.catalog.write(rows, namespace="n", table=sys.argv[2], mode="add", format=sys.argv[3])
`;

/** Rows as JSON tells them, with whole numbers that Python does not take for others. */
function plain(rows: Record<string, unknown>[]): unknown {
  return JSON.parse(JSON.stringify(rows, (_key, value: unknown) => (typeof value === 'bigint' ? `#${value}` : value)));
}

test.runIf(PYTHONS.length === 0)('needs the official Python clients, which the conformance kit installs', ({ skip }) =>
  skip(),
);

describe.each(PYTHONS)('the official client of $name', ({ name, python }) => {
  let server: ServerProcess;
  let client: Client;
  beforeAll(async () => {
    server = await startServerProcess();
    client = new Client(server.url);
    await client.catalog.createNamespace({ namespace: 'n' });
    await client.catalog.createTable({ namespace: 'n', table: 'given', schema_def: FIELDS });
  }, 60_000);
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  const runPython = async (script: string, ...args: string[]) =>
    (await run(python, ['-c', script, server.url, ...args], { timeout: 120_000 })).stdout;

  test.each(FORMATS)('reads what is written here as %s', { timeout: 120_000 }, async (format) => {
    const table = `ours_${format}`;
    await client.catalog.createTable({ namespace: 'n', table, schema_def: FIELDS });
    await client.catalog.write(ROWS, { namespace: 'n', table, format });
    expect(JSON.parse(await runPython(READ, table))).toEqual(plain(ROWS));
  });

  // The older client writes by an interface between its two packages that no release of them agrees on.
  // And it refuses quotes in files without quoting, of which these rows have some.
  test.skipIf(name === 'py010').each(FORMATS.filter((format) => format !== 'unescaped_tsv'))(
    'writes as %s what is read here',
    { timeout: 120_000 },
    async (format) => {
      await client.catalog.write(ROWS, { namespace: 'n', table: 'given', mode: 'replace' });
      const table = `theirs_${format}`;
      const schema_def = format === 'avro' ? AVRO_FIELDS : FIELDS;
      await client.catalog.createTable({ namespace: 'n', table, schema_def });
      await runPython(WRITE, table, format);
      const expected = format === 'avro' ? ROWS.map(({ instant: _, ...row }) => row) : ROWS;
      expect(await client.catalog.read({ namespace: 'n', table, read_as: 'objects' })).toEqual(expected);
    },
  );
});
