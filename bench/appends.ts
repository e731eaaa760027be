import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { writeRows } from '@deltacat/io-core';
import { startServerProcess } from '../test/server-process.ts';

const ROWS_PER_APPEND = 1_000;
const FLATNESS_COMMITS = 10_000;
const MANY_CLIENTS = 32;
const PER_CLIENT = 250;
const WINDOW = 100;

/** Durable appends on SQLite, in a folder of its own. */
export const appends = () => measureAppends({ DELTACAT_DATABASE_URL: '' }, { one: 1_000, many: 5_000 });

/** The same on the PostgreSQL that DELTACAT_TEST_DATABASE_URL names, which must be empty; null where it names none. */
export async function appendsOnPostgres(): Promise<Figures | null> {
  const url = process.env.DELTACAT_TEST_DATABASE_URL;
  return url ? measureAppends({ DELTACAT_DATABASE_URL: url }, { one: 500, many: 2_000 }) : null;
}

type Figures = Record<string, number | string>;

/**
 * Durable appends over HTTP: each is one request that registers a file of 1,000 rows, checked against its
 * footer and on disk when answered. First one client makes 10,000 commits (their latency early and late says whether
 * history slows commits down), then 32 clients append at once to the same table.
 */
async function measureAppends(
  environment: Record<string, string>,
  goals: { one: number; many: number },
): Promise<Figures> {
  const server = await startServerProcess(undefined, environment);
  try {
    const files = await prepareFiles(server.root, FLATNESS_COMMITS + MANY_CLIENTS * PER_CLIENT);
    await post(`${server.url}/v1/namespaces/bench/tables`, {
      table: 't',
      auto_create_namespace: true,
      schema_def: SCHEMA,
    });
    const one = await appendAll(server.url, files.splice(0, FLATNESS_COMMITS), 1);
    const many = await appendAll(server.url, files, MANY_CLIENTS);
    const [early, late] = [one.latencies.slice(WINDOW, 2 * WINDOW), one.latencies.slice(-WINDOW)].map(median);
    return {
      [`appends/s, 1 client (goal ${goals.one})`]: Math.round(one.perSecond),
      [`appends/s, 32 clients (goal ${goals.many})`]: Math.round(many.perSecond),
      'failed (goal 0)': one.failed + many.failed,
      'p50 ms at 100 commits': round(early),
      'p50 ms at 10,000 commits': round(late),
      'p50 at 10,000 over p50 at 100 (goal 1.2)': round((late ?? 0) / (early ?? 1)),
    };
  } finally {
    await server.stop();
  }
}

const SCHEMA = [
  { name: 'id', type: 'int64' },
  { name: 'score', type: 'double' },
  { name: 'label', type: 'string' },
];

interface File {
  path: string;
  size: number;
}

async function prepareFiles(root: string, count: number): Promise<File[]> {
  const data = Array.from({ length: ROWS_PER_APPEND }, (_, i) => ({
    id: BigInt(i),
    score: i / 7,
    label: `row ${i % 50}`,
  }));
  const data_dir = join(root, 'bench-files');
  mkdirSync(data_dir, { recursive: true });
  const [entry] = await writeRows(data, { data_dir, schema: SCHEMA });
  if (!entry) throw new Error('the writer wrote no file');
  const size = statSync(entry.path).size;
  return Array.from({ length: count }, (_, i) => {
    const path = join(data_dir, `${i}.parquet`);
    copyFileSync(entry.path, path);
    return { path, size };
  });
}

async function appendAll(url: string, files: File[], clients: number) {
  const latencies: number[] = [];
  let failed = 0;
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const started = performance.now();
  const worker = async () => {
    for (let file = files.shift(); file; file = files.shift()) {
      const before = performance.now();
      const entry = { path: file.path, record_count: ROWS_PER_APPEND, content_length: file.size };
      const status = await post(
        `${url}/v1/namespaces/bench/tables/t/commit?mode=append`,
        { manifest_entries: [entry] },
        agent,
      );
      latencies.push(performance.now() - before);
      if (status !== 200) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, worker));
  agent.destroy();
  return { latencies, failed, perSecond: latencies.length / ((performance.now() - started) / 1_000) };
}

function post(address: string, body: unknown, agent?: Agent): Promise<number> {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    const call = request(address, { method: 'POST', headers, ...(agent ? { agent } : {}) }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    call.once('error', reject);
    call.end(text);
  });
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function round(value: number | undefined): number {
  return Math.round((value ?? 0) * 1_000) / 1_000;
}
