import { mkdirSync } from 'node:fs';
import type { PythonProcess } from '../../test/python-process.ts';
import { startServerProcess } from '../../test/server-process.ts';
import { type Benchmark, type Contender, type Growth, inTurns, OURS, type Setting, timed } from '../suite/benchmark.ts';
import { sendLoad } from '../suite/load.ts';
import { PEERS } from '../suite/peers.ts';
import { type Scratch, scratch } from '../suite/scratch.ts';
import { spreadOf } from '../suite/statistics.ts';
import { FILES_PER_DAY, fillWithFiles } from './many-files.ts';

const SIZES = [10_000, 100_000, 1_000_000];
const QUICK = [1_000, 3_000];
/** How often a plan is asked for in one run, of which the median counts. */
const REPEATS = 10;
/** The same for peers, some of which take seconds. */
const PEER_REPEATS = 3;
const PAGE_FILES = 1_000;

/** A question of a reader who plans. */
interface Question {
  title: string;
  /** What is asked of our server about a table of so many files. */
  ask(files: number): object;
  /** Goals in ms by the number of files. */
  goals?: Record<number, number>;
  /** The peers that can be asked the same. */
  peers: readonly (keyof typeof PEERS)[];
}

const QUESTIONS: Record<string, Question> = {
  selective: {
    title: 'Selective plan by partition and bounds: the one file that may hold a row',
    ask: (files) => ({ filter_predicate: { and: [{ eq: ['day', dayOf(files)] }, { eq: ['id', idOf(files)] }] } }),
    goals: { 10000: 3, 100000: 10, 1000000: 50 },
    peers: ['DuckLake', 'delta-rs'],
  },
  bounds: {
    title: 'Selective plan by the bounds of a column alone: the one file that may hold a row',
    ask: (files) => ({ filter_predicate: { eq: ['id', idOf(files)] } }),
    goals: { 10000: 3, 100000: 10, 1000000: 50 },
    peers: ['DuckLake', 'delta-rs'],
  },
  totals: {
    title: 'Metadata-only plan: how many files, rows and bytes',
    ask: () => ({ include_files: false }),
    goals: { 1000000: 2 },
    peers: ['DuckLake', 'delta-rs'],
  },
  page: {
    title: `Paged plan: the first ${PAGE_FILES.toLocaleString('en-US')} files`,
    ask: () => ({ max_files: PAGE_FILES }),
    peers: [],
  },
  full: { title: 'Full plan: all files', ask: () => ({}), peers: ['DuckLake', 'delta-rs'] },
};

/** A file in the middle of the table, and its partition. */
const middle = (files: number) => Math.floor(files / 2);
const dayOf = (files: number) => Math.floor(middle(files) / FILES_PER_DAY);
const idOf = (files: number) => middle(files) * 10 + 5;

/** What it takes to know which files to read, of tables of many files. */
export const plans: Benchmark = {
  title: 'Plans',
  about:
    'A table whose files are known to the catalog and nowhere else, a thousand in each partition, with bounds of two columns. ' +
    'Ours is asked over HTTP. DuckLake, in its process: the time of a query until it looks for the first of the files that it has chosen, ' +
    '`ducklake_table_info`, `ducklake_list_files`. delta-rs, its table loaded before: `file_uris` with the filter, the sum of ' +
    '`get_add_actions`, `get_add_actions`. All of them are warm.',
  async run(setting) {
    using folder = scratch();
    const found = Object.fromEntries(
      Object.entries(QUESTIONS).map(([name, { title }]): [string, Growth] => [
        name,
        { case: title, unit: 'ms', better: 'less', by: 'files', points: [] },
      ]),
    );
    for (const files of setting.size(SIZES, QUICK)) {
      for (const [name, point] of Object.entries(await planOf(files, { folder, setting })))
        found[name]?.points.push(point);
    }
    return Object.values(found);
  },
};

async function planOf(files: number, { folder, setting }: { folder: Scratch; setting: Setting }) {
  const root = folder.next('catalog');
  mkdirSync(root);
  await fillWithFiles(root, files);
  const server = await startServerProcess(root, { DELTACAT_DATABASE_URL: '', DELTACAT_LOG_LEVEL: 'error' });
  const peers: Programs = {};
  const points: Record<string, Growth['points'][number]> = {};
  try {
    await startPeers(peers, files, { folder, setting });
    for (const [name, question] of Object.entries(QUESTIONS)) {
      const contenders: Record<string, Contender> = { [OURS]: askOurs(server.url, name, question.ask(files)) };
      for (const peer of question.peers) {
        const program = peers[peer];
        if (!program) continue;
        const asked = { kind: name, day: dayOf(files), id: idOf(files), repeats: name === 'full' ? 1 : PEER_REPEATS };
        contenders[peer] = async () => spreadOf((await program.ask('plan', asked)) as number[]).median;
      }
      const goal = question.goals?.[files];
      points[name] = {
        at: files,
        ...(goal === undefined ? {} : { goals: [{ value: goal }] }),
        samples: await inTurns(contenders, setting.runs),
      };
    }
    return points;
  } finally {
    await Promise.all([server.stop(), ...Object.values(peers).map((peer) => peer.stop())]);
  }
}

const PATH = '/v1/namespaces/test/tables/many/plan';

/** The median time of an answer, read to its end. */
function askOurs(url: string, name: string, body: object): Contender {
  if (name === 'full') return () => timed(() => readPlan(url, body));
  const requests = Array.from({ length: REPEATS }, () => ({ method: 'POST', path: PATH, body }));
  return async () => {
    const { latencies, failed } = await sendLoad({ url, clients: 1, requests });
    if (failed > 0) throw new Error('a plan was refused');
    return spreadOf(latencies).median;
  };
}

async function readPlan(url: string, body: object): Promise<void> {
  const headers = { 'Content-Type': 'application/json', 'X-DeltaCAT-Client-Version': 'ts-1.0.0' };
  const response = await fetch(`${url}${PATH}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`a plan was answered by ${response.status}`);
  for await (const _ of response.body ?? []);
}

type Programs = Partial<Record<keyof typeof PEERS, PythonProcess>>;

/** Starts the programs of the peers, with a table of so many files in each, and notes each as soon as it runs. */
async function startPeers(
  peers: Programs,
  files: number,
  { folder, setting }: { folder: Scratch; setting: Setting },
): Promise<void> {
  for (const name of ['DuckLake', 'delta-rs'] as const) {
    if (!setting.peers.names.includes(name)) continue;
    const path = folder.next('peer');
    mkdirSync(path);
    const peer = setting.peers.start(PEERS[name]);
    peers[name] = peer;
    await peer.ask('open', { folder: path });
    await peer.ask('fill', { files, files_per_day: FILES_PER_DAY });
  }
}
