import { mkdirSync } from 'node:fs';
import { type ServerProcess, startServerProcess } from '../../test/server-process.ts';
import { type Benchmark, type Finding, type Growth, OURS, type Setting } from '../suite/benchmark.ts';
import { type LoadRequest, sendLoad } from '../suite/load.ts';
import { PEERS } from '../suite/peers.ts';
import { type Scratch, scratch } from '../suite/scratch.ts';
import { appendRequest, makeTable, ROWS_PER_APPEND, withServer, writeFiles } from '../suite/server.ts';
import { spreadOf } from '../suite/statistics.ts';
import { fillWithHistory, fillWithPartitions } from './many-files.ts';

const COMMITS = [100, 1_000, 10_000, 100_000];
const PEER_COMMITS = [100, 1_000];
const TABLES = [100, 1_000, 10_000, 100_000];
const PARTITIONS = [1_000, 10_000, 100_000];
const REPLACED = [10, 100, 1_000, 10_000];
const QUICK = [20, 100];
/** How many requests make one sample of a point, of which the median counts. */
const WINDOW = 100;

/** What each thing costs as the catalog grows. */
export const growth: Benchmark = {
  title: 'Growth',
  about:
    'What one request costs, over HTTP to a server on SQLite, as the catalog grows: medians of windows of 100 requests. A line that stays level ' +
    'does not depend on what is along the axis.',
  async run(setting) {
    using folder = scratch();
    const commits = await growCommits(folder, setting);
    return [
      ...commits,
      ...(await growTables(setting)),
      await growPartitions(folder, setting),
      await growHistory(folder, setting),
    ];
  },
};

function growing(title: string, by: string): Growth {
  return { case: title, unit: 'ms', better: 'less', by, points: [] };
}

/** The medians of as many windows of requests as there are runs. */
async function windows(url: string, { runs }: Setting, requests: (count: number) => LoadRequest[]): Promise<number[]> {
  const medians: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const { latencies, failed } = await sendLoad({ url, clients: 1, requests: requests(WINDOW) });
    if (failed > 0) throw new Error(`${failed} requests failed`);
    medians.push(spreadOf(latencies).median);
  }
  return medians;
}

/** Appends to one table that has had more and more of them, and to the peers' as far as they get in a minute or two. */
async function growCommits(folder: Scratch, setting: Setting): Promise<Finding[]> {
  const found = growing('An append, by the commits before it', 'commits');
  await withServer(async ({ url }) => {
    await makeTable(url, 't');
    let done = 0;
    const append = async (count: number) => {
      const files = await writeFiles(folder.next('files'), count);
      done += count;
      return files.map((file) => appendRequest('t', file));
    };
    for (const at of setting.size(COMMITS, QUICK)) {
      if (at > done) await sendLoad({ url, clients: 32, requests: await append(at - done) });
      const measured: number[] = [];
      for (let run = 0; run < setting.runs; run += 1) {
        const { latencies } = await sendLoad({ url, clients: 1, requests: await append(WINDOW) });
        measured.push(spreadOf(latencies).median);
      }
      found.points.push({ at, samples: { [OURS]: measured } });
    }
  });
  await growPeers(found, folder, setting);
  const at = (wanted: number) => found.points.find((point) => point.at === wanted)?.samples[OURS] ?? [];
  const [early, late] = [at(100), at(10_000)];
  const samples = { [OURS]: late.map((ms, run) => ms / (early[run] ?? Number.NaN)) };
  const flat: Finding = {
    case: 'An append after 10,000 commits over one after 100',
    unit: 'times',
    better: 'less',
    goals: [{ value: 1.2 }],
    samples,
  };
  return late.length > 0 ? [flat, found] : [found];
}

async function growPeers(found: Growth, folder: Scratch, { peers, runs, size }: Setting): Promise<void> {
  for (const name of peers.names) {
    const path = folder.next('peer');
    mkdirSync(path);
    const peer = peers.start(PEERS[name]);
    try {
      await peer.ask('open', { folder: path });
      await peer.ask('create', { tables: ['t'] });
      let done = 0;
      const append = async (count: number) => {
        done += count;
        return Number(await peer.ask('append', { count, size: ROWS_PER_APPEND, threads: 1 }));
      };
      for (const at of size(PEER_COMMITS, [5])) {
        if (at > done) await append(at - done);
        const measured: number[] = [];
        for (let run = 0; run < runs; run += 1) measured.push((await append(5)) * 200);
        const point = found.points.find((one) => one.at === at) ?? { at, samples: {} };
        point.samples[name] = measured;
        if (!found.points.includes(point)) found.points.push(point);
      }
    } finally {
      await peer.stop();
    }
  }
  found.points.sort((a, b) => a.at - b.at);
}

/** Making, describing and listing tables in a namespace that has more and more of them. */
async function growTables(setting: Setting): Promise<Finding[]> {
  const making = growing('Making a table, by the tables of its namespace', 'tables');
  const describing = growing('Describing a table', 'tables');
  const listing = growing('Listing the first 100 tables', 'tables');
  await withServer(async ({ url }) => {
    await makeTable(url, 'first');
    let made = 0;
    const make = (count: number) => Array.from({ length: count }, () => tableRequest(`t${made++}`));
    for (const at of setting.size(TABLES, QUICK)) {
      if (at > made) await sendLoad({ url, clients: 32, requests: make(at - made) });
      making.points.push({ at, samples: { [OURS]: await windows(url, setting, make) } });
      const repeat = (path: string) => (count: number) =>
        Array.from({ length: count }, () => ({
          method: 'GET',
          path: `/v1/namespaces/bench/tables${path}`,
          body: null,
        }));
      describing.points.push({ at, samples: { [OURS]: await windows(url, setting, repeat('/first')) } });
      listing.points.push({ at, samples: { [OURS]: await windows(url, setting, repeat('?limit=100')) } });
    }
  });
  return [making, describing, listing];
}

function tableRequest(table: string): LoadRequest {
  const body = { table, schema_def: [{ name: 'id', type: 'int64' }] };
  return { method: 'POST', path: '/v1/namespaces/bench/tables', body };
}

/** A plan of one partition of more and more. */
async function growPartitions(folder: Scratch, setting: Setting): Promise<Finding> {
  const found = growing('A plan of one partition, by the partitions of the table', 'partitions');
  for (const at of setting.size(PARTITIONS, QUICK)) {
    const body = { filter_predicate: { eq: ['day', Math.floor(at / 2)] } };
    await onFilled(
      folder,
      (root) => fillWithPartitions(root, at),
      async ({ url }) => {
        found.points.push({ at, samples: { [OURS]: await windows(url, setting, plansOf(body)) } });
      },
    );
  }
  return found;
}

/** A plan of a table whose ten files replaced others again and again. */
async function growHistory(folder: Scratch, setting: Setting): Promise<Finding> {
  const found = growing('A plan of ten files, by how often they were replaced', 'replacements');
  for (const at of setting.size(REPLACED, QUICK)) {
    await onFilled(
      folder,
      (root) => fillWithHistory(root, at),
      async ({ url }) => {
        found.points.push({ at, samples: { [OURS]: await windows(url, setting, plansOf({})) } });
      },
    );
  }
  return found;
}

function plansOf(body: object) {
  return (count: number): LoadRequest[] =>
    Array.from({ length: count }, () => ({ method: 'POST', path: '/v1/namespaces/test/tables/many/plan', body }));
}

async function onFilled(
  folder: Scratch,
  fill: (root: string) => Promise<void>,
  measure: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  const root = folder.next('catalog');
  mkdirSync(root);
  await fill(root);
  const server = await startServerProcess(root, { DELTACAT_DATABASE_URL: '', DELTACAT_LOG_LEVEL: 'error' });
  try {
    await measure(server);
  } finally {
    await server.stop();
  }
}
