import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { writeRows } from '@deltacat/io-core';
import { expect, test } from 'vitest';
import { type ServerProcess, startServerProcess } from '../server-process.ts';

const ROUNDS = 20;
const WRITERS = 8;
const FILES_PER_COMMIT = 2;
const SCHEMA = [{ name: 'id', type: 'int64' }];
const TABLE = '/v1/namespaces/crash/tables/t';

/** One commit as its writer knows it: sent under an id, and perhaps acknowledged. */
interface Attempt {
  operation_id: string;
  files: string[];
  acknowledged: boolean;
}

/** Numbers that a seed makes repeatable (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function post(url: string, path: string, body: unknown): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, text: await response.text() };
}

function send(url: string, attempt: Attempt) {
  const manifest_entries = attempt.files.map((path) => ({
    path,
    record_count: 1,
    content_length: statSync(path).size,
  }));
  return post(url, `${TABLE}/commit?mode=append&operation_id=${attempt.operation_id}`, { manifest_entries });
}

/** Commits until the server is gone. */
async function writeUntilKilled(url: string, next: () => Attempt, attempts: Attempt[]): Promise<void> {
  for (;;) {
    const attempt = next();
    attempts.push(attempt);
    try {
      const { status, text } = await send(url, attempt);
      expect(status, text).toBe(200);
      attempt.acknowledged = true;
    } catch (error) {
      if (error instanceof TypeError) return;
      throw error;
    }
  }
}

async function visibleFiles(server: ServerProcess): Promise<string[]> {
  const { status, text } = await post(server.url, `${TABLE}/plan`, {});
  expect(status, text).toBe(200);
  const plan = JSON.parse(text) as { scan_tasks: { files: { path: string }[] }[] };
  return plan.scan_tasks.flatMap((task) => task.files.map((file) => file.path));
}

/** Every commit is wholly visible once, or, if it was never acknowledged, perhaps not at all. */
function check(attempts: Attempt[], visible: string[]): void {
  const times = new Map<string, number>();
  for (const path of visible) times.set(path, (times.get(path) ?? 0) + 1);
  for (const { files, acknowledged } of attempts) {
    const seen = files.map((path) => times.get(path) ?? 0);
    expect(new Set(seen).size, `half visible: ${files.map((path) => basename(path))}`).toBe(1);
    expect(seen[0], `visible ${seen[0]} times: ${files.map((path) => basename(path))}`).toBeLessThanOrEqual(1);
    if (acknowledged) expect(seen[0], `lost: ${files.map((path) => basename(path))}`).toBe(1);
  }
  expect(visible.length).toBe(
    attempts.reduce((sum, { files }) => sum + files.filter((path) => times.has(path)).length, 0),
  );
}

async function prepare(root: string): Promise<() => Attempt> {
  const server = await startServerProcess(root);
  const { status, text } = await post(server.url, '/v1/namespaces/crash/tables', {
    table: 't',
    auto_create_namespace: true,
    schema_def: SCHEMA,
  });
  expect(status, text).toBe(201);
  await server.stop();
  const data_dir = join(root, 'files');
  mkdirSync(data_dir);
  const [entry] = await writeRows([{ id: 1n }], { data_dir, schema: SCHEMA });
  let made = 0;
  return () => {
    made += 1;
    const files = Array.from({ length: FILES_PER_COMMIT }, (_, i) => join(data_dir, `${made}-${i}.parquet`));
    for (const file of files) copyFileSync(entry?.path ?? '', file);
    return { operation_id: `op-${made}`, files, acknowledged: false };
  };
}

test(`a server killed ${ROUNDS} times while ${WRITERS} writers commit loses and doubles no acknowledged commit`, {
  timeout: 300_000,
}, async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  console.log(`SEED=${seed}`);
  const random = randomFrom(seed);
  const root = mkdtempSync(join(tmpdir(), 'deltacat-crash-'));
  const next = await prepare(root);
  const attempts: Attempt[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const server = await startServerProcess(root);
    const writing = Array.from({ length: WRITERS }, () => writeUntilKilled(server.url, next, attempts));
    await new Promise((resolve) => setTimeout(resolve, 50 + random() * 250));
    await server.kill();
    await Promise.all(writing);
    const again = await startServerProcess(root);
    check(attempts, await visibleFiles(again));
    await again.stop();
  }
  expect(attempts.filter(({ acknowledged }) => acknowledged).length).toBeGreaterThan(ROUNDS);

  // What was never acknowledged may be sent again under its id: whatever happened to it, it is visible once.
  const last = await startServerProcess(root);
  for (const attempt of attempts.filter(({ acknowledged }) => !acknowledged)) {
    const { status, text } = await send(last.url, attempt);
    expect(status, text).toBe(200);
    attempt.acknowledged = true;
  }
  check(attempts, await visibleFiles(last));
  await last.stop();
  rmSync(root, { recursive: true, force: true });
});
