import { mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import { Client } from '@deltacat/client';
import type { PythonProcess } from '../../test/python-process.ts';
import {
  type Benchmark,
  type Contender,
  type Finding,
  inTurns,
  OURS,
  type Setting,
  timed,
} from '../suite/benchmark.ts';
import { type LoadResult, sendLoad } from '../suite/load.ts';
import { PEERS } from '../suite/peers.ts';
import { type Scratch, scratch } from '../suite/scratch.ts';
import { appendRequest, makeTable, ROWS_PER_APPEND, withServer, writeFiles } from '../suite/server.ts';

/** How many appends each contender makes in one run: peers fewer, which take longer for one. */
const SIZES = { one: 2_000, many: 8_000, written: 200, peer: 100 };
const QUICK = { one: 50, many: 100, written: 10, peer: 5 };
const MANY_CLIENTS = 32;

/** Appends that are durable when they are answered, beside those of the peers, on the embedded database. */
export const appends: Benchmark = {
  title: 'Appends',
  about:
    'Each append is one commit of 1,000 rows to one table. **Registering** a Parquet file that is there: ours by one HTTP request, whose ' +
    'file is opened and checked, and which is answered once it is on disk; the peers in their own process, without a server, by ' +
    '`ducklake_add_data_files`, `create_write_transaction` and `add_files`. **Writing** the rows, file and all: ours by `table.write` of ' +
    'the TypeScript client over HTTP, the peers by INSERT, `write_deltalake` and `append`. Every run has a table of its own.',
  async run(setting) {
    using folder = scratch();
    return await withServer(async ({ url }) => {
      const peers = startPeers(setting);
      try {
        return await compareAppends({ url, folder, setting, peers, goals: { one: 1_000, many: 5_000 } });
      } finally {
        await Promise.all(Object.values(peers).map((peer) => peer.stop()));
      }
    });
  },
};

/** The same on PostgreSQL, ours alone: what the peers are on does not change. */
export const appendsPostgres: Benchmark = {
  title: 'Appends on PostgreSQL',
  about:
    'Registering files as above, with the catalog in a PostgreSQL on the same machine that waits for its disk at each commit ' +
    '(`npm run bench:postgres`).',
  missing: () =>
    process.env.DELTACAT_TEST_DATABASE_URL ? null : 'a PostgreSQL; `npm run bench:postgres` starts one for it',
  async run(setting) {
    using folder = scratch();
    const database_url = process.env.DELTACAT_TEST_DATABASE_URL ?? '';
    return await withServer(
      ({ url }) => compareRegistering({ url, folder, setting, peers: {}, goals: { one: 500, many: 2_000 } }),
      { database_url },
    );
  },
};

interface Stage {
  url: string;
  folder: Scratch;
  setting: Setting;
  peers: Record<string, PythonProcess>;
  goals: { one: number; many: number };
}

function startPeers({ peers }: Setting): Record<string, PythonProcess> {
  return Object.fromEntries(peers.names.map((name) => [name, peers.start(PEERS[name])]));
}

async function compareAppends(stage: Stage): Promise<Finding[]> {
  return [
    ...(await compareRegistering(stage)),
    await compareWriting(stage, 1),
    await compareWriting(stage, MANY_CLIENTS),
  ];
}

async function compareRegistering(stage: Stage): Promise<Finding[]> {
  const { setting, goals, peers } = stage;
  const size = setting.size(SIZES, QUICK);
  const byPeers = contend(peers, async (peer) => {
    const files = await writeFiles(stage.folder.next('files'), size.peer);
    await openPeer(peer, stage.folder);
    return size.peer / Number(await peer.ask('register', { files: files.map(({ path }) => path) }));
  });
  const register =
    (clients: number, count: number): Contender =>
    async () => {
      const { per_second, failed, sender_cpu } = await registerFiles(stage, clients, count);
      if (failed > 0) throw new Error(`${failed} appends failed`);
      console.log(
        `  ${clients} clients: ${Math.round(per_second)}/s; the sender took ${Math.round(sender_cpu * 100)} % of a core`,
      );
      return per_second;
    };
  const unit = 'appends/s';
  const over = Object.keys(peers).map((peer) => ({ value: 20, over: peer }));
  const one = { case: 'Registering a file, one client', unit, better: 'more' as const };
  const many = { ...one, case: `Registering a file, ${MANY_CLIENTS} clients` };
  return [
    {
      ...one,
      goals: [{ value: goals.one }, ...over],
      samples: await inTurns({ [OURS]: register(1, size.one), ...byPeers }, setting.runs),
    },
    {
      ...many,
      goals: [{ value: goals.many }],
      samples: await inTurns({ [OURS]: register(MANY_CLIENTS, size.many) }, setting.runs),
    },
  ];
}

/** Registers files in a table of their own. */
async function registerFiles({ url, folder }: Stage, clients: number, count: number): Promise<LoadResult> {
  const table = basename(folder.next('t'));
  await makeTable(url, table);
  const files = await writeFiles(folder.next('files'), count);
  return sendLoad({ url, clients, requests: files.map((file) => appendRequest(table, file)) });
}

async function compareWriting({ url, folder, setting, peers }: Stage, clients: number): Promise<Finding> {
  const size = setting.size(SIZES, QUICK);
  const data = Array.from({ length: ROWS_PER_APPEND }, (_, i) => ({ id: i, score: i / 7, label: `row ${i % 50}` }));
  const ours: Contender = async () => {
    const table = basename(folder.next('t'));
    await makeTable(url, table);
    await using client = new Client(url);
    let left = size.written;
    const work = async () => {
      while (left-- > 0) await client.catalog.write(data, { namespace: 'bench', table, mode: 'append' });
    };
    return size.written / ((await timed(() => Promise.all(Array.from({ length: clients }, work)))) / 1_000);
  };
  const count = clients === 1 ? size.peer : 2 * clients;
  const byPeers = contend(peers, async (peer) => {
    await openPeer(peer, folder);
    return count / Number(await peer.ask('append', { count, size: ROWS_PER_APPEND, threads: clients }));
  });
  return {
    case: `Writing 1,000 rows, ${clients === 1 ? 'one client' : `${clients} clients`}`,
    unit: 'appends/s',
    better: 'more',
    samples: await inTurns({ [OURS]: ours, ...byPeers }, setting.runs),
  };
}

function contend(peers: Record<string, PythonProcess>, work: (peer: PythonProcess) => Promise<number>) {
  return Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, () => work(peer)]));
}

/** Gives a peer a fresh table `t` in a folder of its own. */
async function openPeer(peer: PythonProcess, folder: Scratch): Promise<void> {
  const path = folder.next('peer');
  mkdirSync(path);
  await peer.ask('open', { folder: path });
  await peer.ask('create', { tables: ['t'] });
}
