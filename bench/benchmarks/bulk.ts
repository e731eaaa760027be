import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { closeEngine } from '@deltacat/io-core';
import { openSession } from '../../packages/io-core/src/duckdb/session.ts';
import { type Benchmark, type Contender, type Finding, inTurns, OURS, type Setting } from '../suite/benchmark.ts';
import { PEERS } from '../suite/peers.ts';
import { type Reading, readByOurs, readByPeer, readInTurns } from '../suite/reading.ts';
import { type Scratch, scratch } from '../suite/scratch.ts';
import { ask, withServer } from '../suite/server.ts';

const ROWS = 3_000_000;
const QUICK_ROWS = 20_000;

const SCHEMA = [
  { name: 'id', type: 'int64' },
  { name: 'score', type: 'double' },
  { name: 'part', type: 'int32' },
  { name: 'label', type: 'string' },
  { name: 'word', type: 'string' },
];

const WRITER = fileURLToPath(new URL('../suite/write-child.ts', import.meta.url));

/** Many rows at once, to Arrow and from it. */
export const bulk: Benchmark = {
  title: 'Three million rows',
  about:
    '3 million rows of three numbers and two short strings. **Reading** them all to one Arrow table, and **writing** them from one: ours by the ' +
    'TypeScript client, and the official Python client, both with our server; DuckDB in Python reading the same Parquet file and writing one; ' +
    'DuckLake and delta-rs. Each in a process of its own, with the rows in memory before writing begins.',
  async run(setting) {
    using folder = scratch();
    const source = await writeSource(folder, setting.size(ROWS, QUICK_ROWS)).finally(closeEngine);
    return await withServer(async ({ url }) => {
      const stage: Stage = { url, source, folder, setting };
      return [...(await compareReading(stage)), await compareWriting(stage)];
    });
  },
};

interface Stage {
  url: string;
  /** The rows, as a Parquet file. */
  source: string;
  folder: Scratch;
  setting: Setting;
}

async function writeSource(folder: Scratch, rows: number): Promise<string> {
  using session = await openSession();
  const path = folder.next('source.parquet');
  const columns =
    `i AS id, random() AS score, CAST(i % 100 AS INTEGER) AS part, 'label ' || (i % 1000) AS label, ` +
    `substr(CAST(hash(i) AS VARCHAR), 1, 10) AS word`;
  await session.rows(
    `COPY (SELECT ${columns} FROM range(${rows}) t(i)) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`,
  );
  return path;
}

async function makeTable(url: string, table: string): Promise<void> {
  await ask(url, '/v1/namespaces/bench/tables', { table, auto_create_namespace: true, schema_def: SCHEMA });
}

async function compareReading({ url, source, folder, setting }: Stage): Promise<Finding[]> {
  const { peers, runs } = setting;
  await makeTable(url, 'bulk');
  await ask(url, '/v1/namespaces/bench/tables/bulk/commit?mode=append', { manifest_entries: [{ path: source }] });
  const readers: Record<string, () => Promise<Reading>> = { [OURS]: () => readByOurs(url, 'bulk') };
  if (peers.names.length > 0) {
    const sql = `SELECT * FROM '${source}'`;
    readers['official Python client'] = () =>
      readByPeer(peers, 'official.py', { open: { url }, read: { table: 'bulk' } });
    readers.DuckDB = () => readByPeer(peers, 'by_hand.py', { read: { sql } });
    for (const name of ['DuckLake', 'delta-rs'] as const) {
      const path = folder.next(name);
      mkdirSync(path);
      await loadPeer(setting, name, { folder: path, source });
      readers[name] = () => readByPeer(peers, PEERS[name], { open: { folder: path } });
    }
  }
  const { ms, peak_mb } = await readInTurns(readers, runs);
  return [
    { case: 'Reading to an Arrow table', unit: 'ms', better: 'less', samples: ms },
    { case: 'Memory for reading', unit: 'MiB at most', better: 'less', samples: peak_mb },
  ];
}

/** Loads the rows at a peer; how many ms that took. */
async function loadPeer(
  { peers }: Setting,
  name: 'DuckLake' | 'delta-rs',
  { folder, source }: { folder: string; source: string },
): Promise<number> {
  const peer = peers.start(PEERS[name]);
  try {
    await peer.ask('open', { folder });
    return Number(await peer.ask('load_rows', { file: source }));
  } finally {
    await peer.stop();
  }
}

async function compareWriting({ url, source, folder, setting }: Stage): Promise<Finding> {
  const { peers, runs } = setting;
  const contenders: Record<string, Contender> = {
    async [OURS]() {
      const table = basename(folder.next('t'));
      await makeTable(url, table);
      const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, WRITER, url, 'bulk', table]);
      return JSON.parse(stdout).ms;
    },
  };
  if (peers.names.length > 0) {
    contenders['official Python client'] = async () => {
      const table = basename(folder.next('t'));
      await makeTable(url, table);
      const peer = peers.start('official.py');
      try {
        await peer.ask('open', { url });
        return Number(await peer.ask('write', { table, file: source }));
      } finally {
        await peer.stop();
      }
    };
    contenders.DuckDB = async () => {
      const peer = peers.start('by_hand.py');
      try {
        return Number(await peer.ask('write', { source, target: folder.next('copy.parquet') }));
      } finally {
        await peer.stop();
      }
    };
    for (const name of ['DuckLake', 'delta-rs'] as const) {
      contenders[name] = async () => {
        const path = folder.next(name);
        mkdirSync(path);
        return loadPeer(setting, name, { folder: path, source });
      };
    }
  }
  return { case: 'Writing from an Arrow table', unit: 'ms', better: 'less', samples: await inTurns(contenders, runs) };
}
