import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@deltacat/client';
import { type RunningServer, startServer } from '@deltacat/server';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { EXIT, main } from './index.ts';
import { type CapturedOutput, captureOutput } from './testing/captured-output.ts';

let folder: string;
let server: RunningServer;
let client: Client;
let moments: { seq: number; at: bigint }[];
const fruit = { namespace: 'shop', table: 'fruit' };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-cli-'));
  vi.stubEnv('DELTACAT_LOG_LEVEL', 'silent');
  server = await startServer({ catalog_root: join(folder, 'catalog'), port: 0 });
  client = new Client(server.url);
  await client.catalog.createNamespace({ namespace: 'shop' });
  await client.catalog.createTable({ ...fruit, schema_def: [{ name: 'id', type: 'int64' }] });
  moments = [];
  for (const id of [1n, 2n]) {
    const commit_message = `fruit ${id}`;
    const { seq, committed_at_ns } = await client.catalog.write([{ id }], { ...fruit, mode: 'append', commit_message });
    moments.push({ seq: seq ?? 0, at: committed_at_ns ?? 0n });
  }
  await client.catalog.alterTable({ ...fruit, table_properties: { color: 'red' } });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

let output: CapturedOutput;

beforeEach(() => {
  output = captureOutput();
});

async function run(...args: string[]): Promise<string> {
  expect([await main([...args, '--url', server.url]), output.complained]).toEqual([EXIT.done.code, '']);
  return output.printed;
}

const lines = (text: string) => text.trimEnd().split('\n');
const moment = (index: number) => moments[index] ?? { seq: 0, at: 0n };

describe('log', () => {
  test('prints the commits of a table in words, the newest first', async () => {
    const [head, , altered, second, first, made, ...rest] = lines(await run('log', 'shop.fruit'));
    expect(head).toMatch(/^commit +time +author +changes +message$/);
    expect(altered).toContain('alter table shop.fruit (properties)');
    expect(second).toMatch(/append shop\.fruit: 1 row came +fruit 2$/);
    expect(first).toContain('fruit 1');
    expect(made).toContain('create table shop.fruit; create version 1 of shop.fruit');
    expect(rest).toEqual([]);
  });

  test('prints a time that reads back the very state of its commit', async () => {
    const [, , , second] = lines(await run('log', 'shop.fruit'));
    const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(second ?? '')?.[0] ?? '';
    output.printed = '';
    expect(lines(await run('read', 'shop.fruit', '--json', '--as-of', time))).toHaveLength(2);
  });

  test('prints the commits of the catalog as JSON, as many as are asked for', async () => {
    const [newest, ...rest] = lines(await run('log', '--json', '--limit', '2')).map((line) => JSON.parse(line));
    expect(newest).toMatchObject({ operation: 'alter_table', changes: [{ kind: 'alter', table: 'fruit' }] });
    expect(rest).toMatchObject([{ seq: moment(1).seq, message: 'fruit 2' }]);
    output.printed = '';
    expect(lines(await run('log', '--json'))).toHaveLength(5);
    output.printed = '';
    expect(lines(await run('log', '--json', '--as-of', String(moment(0).at), '--catalog', 'default'))).toHaveLength(3);
  });
});

describe('diff', () => {
  test('prints what differs between two commits, and between times', async () => {
    const text = await run('diff', 'shop.fruit', '--from', String(moment(0).seq));
    expect(text).toMatch(/^shop\.fruit, version 1: commit 3 of .*Z to commit 5 of .*Z$/m);
    expect(text).toMatch(/^rows +1 +2$/m);
    expect(text).toMatch(/^table property color +red$/m);
    expect(text).toMatch(/^\(whole table\) +1 +0 +1 +0$/m);
    output.printed = '';
    const until = ['--from', String(moment(0).at), '--to', String(moment(1).at)];
    expect(await run('diff', 'shop.fruit', ...until)).not.toContain('color');
  });

  test('prints the definition and every partition as JSON lines', async () => {
    const [definition, ...partitions] = lines(await run('diff', 'shop.fruit', '--from', '2', '--json'));
    expect(JSON.parse(definition ?? '')).toMatchObject({ from: { seq: 2 }, to: { total_records: 2 } });
    expect(partitions.map((line) => JSON.parse(line))).toMatchObject([{ deltas_added: 2, records_added: 2 }]);
  });

  test('without a first moment, or with one that is none, is wrong usage; one to come is refused', async () => {
    const at = ['diff', 'shop.fruit', '--url', server.url];
    expect(await main(at)).toBe(EXIT.usage.code);
    expect(await main([...at, '--from', 'yesterday'])).toBe(EXIT.usage.code);
    expect(await main([...at, '--from', '1774958400'])).toBe(EXIT.usage.code);
    expect(await main([...at, '--from', '1', '--to', '999999999'])).toBe(EXIT.failed.code);
    expect(output.complained).toContain('[invalid_as_of]');
  });
});

describe('dropped and undrop', () => {
  test('what was dropped is listed, and comes back under its name or another', async () => {
    await client.catalog.dropTable(fruit);
    const { table_id } = (await client.catalog.listDropped())[0] ?? {};
    expect(await run('dropped')).toMatch(new RegExp(`^table +shop\\.fruit +${table_id} +\\d+ +2`, 'm'));
    output.printed = '';
    expect(await run('undrop', 'shop.fruit', '--as', 'apples', '--message', 'oops')).toMatch(
      /^shop\.apples is back, committed as \d+, at \d{4}-.*Z\.$/m,
    );
    expect((await client.catalog.listTableHistory({ ...fruit, table: 'apples' }))[0]?.message).toBe('oops');
    output.printed = '';
    expect(await run('dropped')).toBe('Nothing is dropped.\n');
  });

  test('a namespace comes back with its tables', async () => {
    await client.catalog.createNamespace({ namespace: 'other' });
    await client.catalog.dropNamespace({ namespace: 'other' });
    expect(JSON.parse(await run('dropped', '--json'))).toMatchObject({ kind: 'namespace', namespace: 'other' });
    output.printed = '';
    expect(JSON.parse(await run('undrop', 'other', '--json'))).toMatchObject({ namespace: 'other', undropped: true });
  });

  test('what was not dropped is refused, and a name of three parts is wrong usage', async () => {
    expect(await main(['undrop', 'shop.nothing', '--url', server.url])).toBe(EXIT.failed.code);
    expect(output.complained).toContain('[table_not_found]');
    expect(await main(['undrop', 'a.b.c', '--url', server.url])).toBe(EXIT.usage.code);
  });
});
