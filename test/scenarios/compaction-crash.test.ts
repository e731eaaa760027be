import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@deltacat/client';
import { checkStore, readConfig } from '@deltacat/server';
import { describe, expect, test } from 'vitest';
import { environmentFor, TEST_DATABASE_URL } from '../../packages/server/src/testing/database.ts';
import { type Random, seededRandom } from '../../packages/server/src/testing/random.ts';
import { startServerProcess } from '../server-process.ts';

/** How often the server is killed while it compacts. */
const CYCLES = Number(process.env.CYCLES ?? 5);
const IDS = 6;
const TABLE = { namespace: 'crash', table: 't' };
const PATH = '/v1/namespaces/crash/tables/t';

/** The values that a key may have: the last one that was acknowledged, or one of those sent since. */
type Model = Map<number, Set<string>>;

interface Load {
  url: string;
  random: Random;
  model: Model;
  /** How many merges were acknowledged. */
  merged: number;
}

/** Sends a call once; answers whether it was acknowledged. Throws for a refusal, which no crash explains. */
async function isDone(url: string, path: string, body: unknown): Promise<boolean> {
  const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) }).catch(() => null);
  // Headers may have come before the server was killed, and no body.
  const text = await response?.text().catch(() => null);
  if (typeof text !== 'string') return false;
  if (response?.status === 200 || response?.status === 201) return true;
  throw new Error(`${path}: ${response?.status} ${text}`);
}

/** Merges row after row, each compacted with its commit, until the server is gone. */
async function mergeUntilKilled(load: Load): Promise<void> {
  const { url, random, model } = load;
  for (;;) {
    const id = random.below(IDS);
    const v = `v${random.below(1_000_000)}`;
    model.set(id, new Set([...(model.get(id) ?? ['']), v]));
    if (!(await isDone(url, `${PATH}/write?mode=merge`, { data: [{ id, v }] }))) return;
    model.set(id, new Set([v]));
    load.merged += 1;
  }
}

/** Has the whole table compacted in the background, again and again, until the server is gone. */
async function compactUntilKilled({ url }: Load): Promise<void> {
  while (await isDone(url, '/v1/jobs/submit/compaction', TABLE)) await pause(20);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What is there and may not be, and what is gone. */
async function findWrong(client: Client, model: Model): Promise<string[]> {
  const rows = await client.catalog.read({ ...TABLE, read_as: 'objects' });
  const found = new Map(rows.map(({ id, v }) => [Number(id), String(v)]));
  const twice = found.size < rows.length ? ['a key is there twice'] : [];
  const wrong = [...model].filter(([id, allowed]) => !allowed.has(found.get(id) ?? ''));
  return [
    ...twice,
    ...wrong.map(([id, allowed]) => `${id} is ${found.get(id)}, not one of ${[...allowed].join(', ')}`),
  ];
}

async function crash(root: string, environment: Record<string, string>): Promise<string> {
  const random = seededRandom();
  const model: Model = new Map();
  let merged = 0;
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    const server = await startServerProcess(root, environment);
    const { url } = server;
    const client = new Client(url);
    if (cycle === 0) await makeTable(client);
    expect(await findWrong(client, model), `SEED=${random.seed}`).toEqual([]);
    const load = { url, random, model, merged: 0 };
    const working = [mergeUntilKilled(load), compactUntilKilled(load)];
    while (load.merged === 0) await pause(5);
    await pause(random.below(600));
    await server.kill();
    await Promise.all(working);
    merged += load.merged;
  }
  const server = await startServerProcess(root, environment);
  expect(await findWrong(new Client(server.url), model), `SEED=${random.seed}`).toEqual([]);
  await server.stop();
  const options = { files: true, history: true, orphans_older_than_ms: 86_400_000, progress: () => undefined };
  const { found } = await checkStore(readConfig(root, environment), options);
  expect(found, `SEED=${random.seed}`).toEqual([]);
  expect(merged).toBeGreaterThanOrEqual(CYCLES);
  return `SEED=${random.seed}: ${CYCLES} kills, ${merged} merges`;
}

async function makeTable(client: Client): Promise<void> {
  await client.catalog.createNamespace({ namespace: TABLE.namespace });
  const id = { name: 'id', type: 'int64', is_merge_key: true };
  const table_properties = { read_optimization_level: 'max' };
  await client.catalog.createTable({ ...TABLE, schema_def: [id, { name: 'v', type: 'string' }], table_properties });
}

const STORES = [
  { kind: 'SQLite', isMissing: false, environment: async () => ({ DELTACAT_DATABASE_URL: '' }) },
  { kind: 'PostgreSQL', isMissing: TEST_DATABASE_URL === null, environment: environmentFor },
];

describe.each(STORES)('on $kind (PostgreSQL is skipped where DELTACAT_TEST_DATABASE_URL names none)', (store) => {
  const title = `a server killed ${CYCLES} times while it compacts loses no row and leaves nothing half done`;

  test.skipIf(store.isMissing)(title, { timeout: 60_000 + CYCLES * 15_000 }, async () => {
    const root = mkdtempSync(join(tmpdir(), 'deltacat-crash-'));
    const environment = { ...(await store.environment(root)), DELTACAT_LOG_LEVEL: 'error' };
    console.log(`${store.kind}: ${await crash(root, environment)}`);
    rmSync(root, { recursive: true, force: true });
  });
});
