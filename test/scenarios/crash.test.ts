import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { writeRows } from '@deltacat/io-core';
import { checkStore, readConfig } from '@deltacat/server';
import { describe, expect, test } from 'vitest';
import { environmentFor, TEST_DATABASE_URL } from '../../packages/server/src/testing/database.ts';
import { type Random, seededRandom } from '../../packages/server/src/testing/random.ts';
import { type ServerProcess, startServerProcess } from '../server-process.ts';

/** How often the server is killed; `npm run test:crash` kills it 200 times. */
const CYCLES = Number(process.env.CYCLES ?? 20);
const WRITERS = 8;
const TABLES = ['t0', 't1', 't2'] as const;
const SCHEMA = [{ name: 'id', type: 'int64' }];
const pathOf = (table: string) => `/v1/namespaces/crash/tables/${table}`;

/** One commit as its writer knows it: which files it makes visible in which table, and whether that was acknowledged. */
interface Attempt {
  id: string;
  files: { table: string; path: string }[];
  /** Whether it is a transaction over all of its tables; else it is one commit of one table. */
  together: boolean;
  acknowledged: boolean;
}

/** Thrown for an answer that no crash explains. */
class UnexpectedAnswer extends Error {}

async function call<T>(url: string, path: string, body: unknown): Promise<T> {
  const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  const text = await response.text();
  if (response.status === 200 || response.status === 201) return JSON.parse(text) as T;
  throw new UnexpectedAnswer(`${path}: ${response.status} ${text}`);
}

const entryOf = (path: string) => ({ path, record_count: 1, content_length: statSync(path).size });

/** Does an attempt from its beginning. Every step has an id, so that doing it again does nothing twice. */
async function send(url: string, attempt: Attempt): Promise<void> {
  if (attempt.together) await sendTogether(url, attempt);
  else {
    const manifest_entries = attempt.files.map(({ path }) => entryOf(path));
    const table = attempt.files[0]?.table ?? '';
    await call(url, `${pathOf(table)}/commit?mode=append&operation_id=${attempt.id}`, { manifest_entries });
  }
  attempt.acknowledged = true;
}

interface Versioned {
  transaction_id: string;
  transaction_version: number;
}

async function sendTogether(url: string, { id, files }: Attempt): Promise<void> {
  const { transaction_id } = await call<Versioned>(url, '/v1/transactions', { operation_id: `${id}-begin` });
  for (const { table, path } of files) {
    const session = await call<{ session_id: string; session_version: number }>(
      url,
      `${pathOf(table)}/write-sessions`,
      { mode: 'append', allow_external_entries: true, transaction_id, operation_id: `${id}-open-${table}` },
    );
    const { session_version } = session;
    const body = { session_version, entries: [entryOf(path)], operation_id: `${id}-attach-${table}` };
    await call(url, `/v1/write-sessions/${session.session_id}/commit`, body);
  }
  const response = await fetch(`${url}/v1/transactions/${transaction_id}`);
  const { transaction_version } = (await response.json()) as Versioned;
  await call(url, `/v1/transactions/${transaction_id}/commit`, { transaction_version });
}

/** Commits until the server is gone. */
async function writeUntilKilled(url: string, next: () => Attempt, attempts: Attempt[]): Promise<void> {
  for (;;) {
    const attempt = next();
    attempts.push(attempt);
    try {
      await send(url, attempt);
    } catch (error) {
      if (error instanceof UnexpectedAnswer) throw error;
      return;
    }
  }
}

type Plan = { scan_tasks: { files: { path: string }[] }[] };

async function visibleFiles(url: string, as_of?: string): Promise<string[]> {
  const query = as_of === undefined ? '' : `?as_of=${as_of}`;
  const plans = await Promise.all(TABLES.map((table) => call<Plan>(url, `${pathOf(table)}/plan${query}`, {})));
  return plans.flatMap(({ scan_tasks }) => scan_tasks.flatMap(({ files }) => files.map(({ path }) => path)));
}

/** Looks at all tables as of one moment, again and again until the server is gone. */
async function watchUntilKilled(url: string, attempts: Attempt[]): Promise<void> {
  for (;;) {
    try {
      const head = await (await fetch(`${url}/v1/catalogs/default`)).text();
      const at = /"committed_at_ns":(\d+)/.exec(head)?.[1];
      const visible = await visibleFiles(url, at);
      expect(findBroken(attempts, visible, false)).toEqual([]);
    } catch (error) {
      if (error instanceof UnexpectedAnswer || (error instanceof Error && error.name === 'AssertionError')) throw error;
      return;
    }
  }
}

/** Every attempt is wholly visible once, or, if it was never acknowledged, perhaps not at all. */
function findBroken(attempts: Attempt[], visible: string[], settled: boolean): string[] {
  const times = new Map<string, number>();
  for (const path of visible) times.set(path, (times.get(path) ?? 0) + 1);
  return attempts.flatMap(({ id, files, acknowledged }) => {
    const seen = files.map(({ path }) => times.get(path) ?? 0);
    const names = files.map(({ path }) => basename(path)).join(', ');
    if (new Set(seen).size > 1) return [`${id} is half visible: ${names} ${seen.join(', ')} times`];
    if ((seen[0] ?? 0) > 1) return [`${id} is visible ${seen[0]} times: ${names}`];
    return settled && acknowledged && seen[0] !== 1 ? [`${id} is lost: ${names}`] : [];
  });
}

async function prepare(root: string, random: Random, environment: Record<string, string>): Promise<() => Attempt> {
  const server = await startServerProcess(root, environment);
  // What is visible is told by the names of files, so that nothing may put others in their place.
  const table_properties = { read_optimization_level: 'none' };
  for (const table of TABLES) {
    const made = { table, auto_create_namespace: true, schema_def: SCHEMA, table_properties };
    await call(server.url, '/v1/namespaces/crash/tables', made);
  }
  await server.stop();
  const data_dir = join(root, 'files');
  mkdirSync(data_dir);
  const [entry] = await writeRows([{ id: 1n }], { data_dir, schema: SCHEMA });
  let made = 0;
  return () => {
    made += 1;
    const together = random.below(2) === 0;
    const alone = random.pick(TABLES);
    const tables = together ? TABLES : [alone, alone];
    const files = tables.map((table, place) => ({ table, path: join(data_dir, `${made}-${place}.parquet`) }));
    for (const { path } of files) copyFileSync(entry?.path ?? '', path);
    return { id: `op-${made}`, files, together, acknowledged: false };
  };
}

/** Starts the server again; answers how long it took to be there. */
async function restart(
  root: string,
  environment: Record<string, string>,
): Promise<{ server: ServerProcess; ms: number }> {
  const began = performance.now();
  const server = await startServerProcess(root, environment);
  await fetch(`${server.url}/health`);
  return { server, ms: Math.round(performance.now() - began) };
}

/** What `deltacat fsck` finds broken in the store and its files. */
async function fsck(root: string, environment: Record<string, string>): Promise<unknown[]> {
  const config = readConfig(root, environment);
  const options = { files: true, history: true, orphans_older_than_ms: 86_400_000, progress: () => undefined };
  const { found } = await checkStore(config, options);
  return found.filter(({ findings }) => findings.some(({ severity }) => severity === 'broken'));
}

const acknowledged = (attempts: Attempt[]) => attempts.filter((attempt) => attempt.acknowledged).length;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function crash(root: string, environment: Record<string, string>): Promise<string> {
  const random = seededRandom();
  const next = await prepare(root, random, environment);
  const attempts: Attempt[] = [];
  const starts: number[] = [];
  let { server } = await restart(root, environment);
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    const { url } = server;
    const working = Array.from({ length: WRITERS }, () => writeUntilKilled(url, next, attempts));
    working.push(watchUntilKilled(url, attempts));
    const known = acknowledged(attempts);
    while (acknowledged(attempts) === known) await pause(5);
    await pause(random.below(250));
    await server.kill();
    await Promise.all(working);
    const again = await restart(root, environment);
    starts.push(again.ms);
    server = again.server;
    expect(findBroken(attempts, await visibleFiles(server.url), true), `SEED=${random.seed}`).toEqual([]);
  }
  // What was never acknowledged may be done again under its ids: whatever had become of it, it is visible once.
  const open = attempts.filter(({ acknowledged }) => !acknowledged);
  for (const attempt of open) await send(server.url, attempt);
  expect(findBroken(attempts, await visibleFiles(server.url), true), `SEED=${random.seed}`).toEqual([]);
  await server.stop();
  expect(await fsck(root, environment), `SEED=${random.seed}`).toEqual([]);
  const transactions = attempts.filter(({ together }) => together).length;
  expect(attempts.length - open.length).toBeGreaterThanOrEqual(CYCLES);
  const told = `${CYCLES} kills, ${attempts.length} commits, ${transactions} of them over ${TABLES.length} tables`;
  return `SEED=${random.seed}: ${told}; ${open.length} done again; a restart took ${Math.max(...starts)} ms at most`;
}

const STORES = [
  { kind: 'SQLite', isMissing: false, environment: async () => ({ DELTACAT_DATABASE_URL: '' }) },
  { kind: 'PostgreSQL', isMissing: TEST_DATABASE_URL === null, environment: environmentFor },
];

describe.each(STORES)('on $kind (PostgreSQL is skipped where DELTACAT_TEST_DATABASE_URL names none)', (store) => {
  const title = `a server killed ${CYCLES} times under load loses, doubles and half shows no acknowledged commit`;

  test.skipIf(store.isMissing)(title, { timeout: 60_000 + CYCLES * 15_000 }, async () => {
    const root = mkdtempSync(join(tmpdir(), 'deltacat-crash-'));
    const environment = { ...(await store.environment(root)), DELTACAT_LOG_LEVEL: 'warn' };
    console.log(`${store.kind}: ${await crash(root, environment)}`);
    rmSync(root, { recursive: true, force: true });
  });
});
