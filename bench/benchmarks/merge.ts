import { mkdirSync } from 'node:fs';
import type { ReadPlan, ScanTask } from '@deltacat/contract';
import { closeEngine } from '@deltacat/io-core';
import { type Benchmark, type Comparison, OURS, type Samples, type Setting, timed } from '../suite/benchmark.ts';
import { PEERS } from '../suite/peers.ts';
import { type Reading, readByOurs, readByPeer, readInTurns } from '../suite/reading.ts';
import { type Scratch, scratch } from '../suite/scratch.ts';
import { ask, withServer } from '../suite/server.ts';
import { MERGE_SCHEMA, type MergeSize, writeMergeTable } from './merge-table.ts';

const SIZE: MergeSize = { rows: 2_000_000, base_files: 4, upserts: 20, rows_per_upsert: 100_000 };
const QUICK: MergeSize = { rows: 20_000, base_files: 2, upserts: 5, rows_per_upsert: 1_000 };

/** Those of the peers that change rows by key. */
const CHANGING = ['DuckLake', 'delta-rs'] as const;

/** Reading rows that were upserted many times, by everybody who can. */
export const merge: Benchmark = {
  title: 'Merge-on-read',
  about:
    'A table of 2 million rows of 6 columns, with 20 upserts of 100,000 rows by key, a tenth of them new, and 4 deletes of 10,000. ' +
    'Ours and the official Python client read it from our server, which keeps upserts as they came, and merge. **By hand** is the SQL that ' +
    'one would write in DuckDB for these very files, by a window and by `arg_max`. DuckLake and delta-rs change rows as they are written, ' +
    'by `MERGE INTO` and `merge`: their reading has less to do, and **Upserting** says what that costs. Each reader is a process of its ' +
    'own that reads everything to one Arrow table.',
  async run(setting) {
    using folder = scratch();
    const files = folder.next('files');
    mkdirSync(files);
    const plan = await writeMergeTable(files, setting.size(SIZE, QUICK)).finally(closeEngine);
    return await withServer(async ({ url }) => {
      const upserting = await applyChanges({ url, folder, plan, setting });
      const found = await compareReading({ url, plan, setting, lakes: upserting.lakes });
      return [...found, upserting.finding, together(found[0]?.samples ?? {}, upserting.finding.samples)];
    });
  },
};

interface Stage {
  url: string;
  folder: Scratch;
  plan: ReadPlan;
  setting: Setting;
}

const isBase = ({ delta_type }: ScanTask) => delta_type === 'append';

/** Makes the table at everybody's; ours once, and the peers as often as there are runs, for that is where they merge. */
async function applyChanges({ url, folder, plan, setting }: Stage): Promise<{ finding: Comparison; lakes: Lakes }> {
  const samples: Record<string, number[]> = { [OURS]: [] };
  const lakes: Lakes = {};
  for (let run = 0; run < setting.runs; run += 1) {
    const table = `merge${run}`;
    await ask(url, '/v1/namespaces/bench/tables', {
      ...{ table, auto_create_namespace: true, schema_def: MERGE_SCHEMA },
      table_properties: { read_optimization_level: 'none' },
    });
    await registerTasks(url, table, plan.scan_tasks.filter(isBase));
    samples[OURS]?.push(
      await timed(() =>
        registerTasks(
          url,
          table,
          plan.scan_tasks.filter((task) => !isBase(task)),
        ),
      ),
    );
    for (const name of CHANGING) {
      if (!setting.peers.names.includes(name)) continue;
      lakes[name] = folder.next(name);
      samples[name] ??= [];
      samples[name].push(await changeByPeer(lakes[name], name, { plan, setting }));
    }
  }
  const finding: Comparison = { case: 'Upserting', unit: 'ms for all changes', better: 'less', samples };
  return { finding, lakes };
}

/** What changes and one read of them cost, run by run, of those who do both. */
function together(reading: Samples, upserting: Samples): Comparison {
  const samples = Object.fromEntries(
    Object.entries(upserting).map(([name, ms]) => [
      name,
      ms.map((one, run) => one + (reading[name]?.[run] ?? Number.NaN)),
    ]),
  );
  const goals = Object.keys(samples).flatMap((over) => (over === OURS ? [] : [{ value: 1, over }]));
  return { case: 'Upserting, then reading once', unit: 'ms', better: 'less', goals, samples };
}

/** The folders of the peers' tables. */
type Lakes = Partial<Record<(typeof CHANGING)[number], string>>;

/** Registers the files of tasks, each task by a commit of its own. */
async function registerTasks(url: string, table: string, tasks: readonly ScanTask[]): Promise<void> {
  for (const { delta_type, files } of tasks) {
    const mode = delta_type === 'upsert' ? 'merge' : delta_type;
    const manifest_entries = files.map(({ path, content_length, record_count }) => ({
      path,
      content_length,
      record_count,
    }));
    await ask(url, `/v1/namespaces/bench/tables/${table}/commit?mode=${mode}`, { manifest_entries });
  }
}

async function changeByPeer(
  folder: string,
  name: (typeof CHANGING)[number],
  { plan, setting }: Pick<Stage, 'plan' | 'setting'>,
): Promise<number> {
  mkdirSync(folder);
  const peer = setting.peers.start(PEERS[name]);
  try {
    await peer.ask('open', { folder });
    await peer.ask('load', { files: plan.scan_tasks.filter(isBase).flatMap(pathsOf) });
    let ms = 0;
    for (const task of plan.scan_tasks.filter((one) => !isBase(one))) {
      for (const file of pathsOf(task)) ms += Number(await peer.ask('change', { kind: task.delta_type, file }));
    }
    return ms;
  } finally {
    await peer.stop();
  }
}

function pathsOf({ files }: ScanTask): string[] {
  return files.map(({ path }) => path);
}

async function compareReading({
  url,
  plan,
  setting,
  lakes,
}: Omit<Stage, 'folder'> & { lakes: Lakes }): Promise<Comparison[]> {
  const { peers, runs } = setting;
  const readers: Record<string, () => Promise<Reading>> = { [OURS]: () => readByOurs(url, 'merge0') };
  if (peers.names.length > 0) {
    const byHand = (sql: string) => () => readByPeer(peers, 'by_hand.py', { read: { sql } });
    readers['official Python client'] = () =>
      readByPeer(peers, 'official.py', { open: { url }, read: { table: 'merge0' } });
    readers['by hand, window'] = byHand(windowSql(plan));
    readers['by hand, arg_max'] = byHand(argMaxSql(plan));
  }
  for (const [name, folder] of Object.entries(lakes)) {
    readers[name] = () => readByPeer(peers, PEERS[name as keyof Lakes], { open: { folder } });
  }
  const { ms, peak_mb } = await readInTurns(readers, runs);
  const goals = Object.keys(readers)
    .filter((name) => name !== OURS)
    .map((over) => ({ value: over.startsWith('by hand') ? 1.3 : 1, over }));
  return [
    { case: 'Reading', unit: 'ms', better: 'less', goals, samples: ms },
    { case: 'Memory for reading', unit: 'MiB at most', better: 'less', samples: peak_mb },
  ];
}

const COLUMNS = MERGE_SCHEMA.map(({ name }) => name).join(', ');

function windowSql(plan: ReadPlan): string {
  const latest = `SELECT * FROM ${rowsOf(plan)} QUALIFY row_number() OVER (PARTITION BY id ORDER BY pos DESC, row DESC) = 1`;
  return `SELECT ${COLUMNS} FROM (${latest}) l ${notDeletedSql(plan)}`;
}

function argMaxSql(plan: ReadPlan): string {
  const latest = `SELECT unnest(arg_max(t, {pos: pos, row: row})) FROM (SELECT * FROM ${rowsOf(plan)}) t GROUP BY id`;
  return `SELECT ${COLUMNS} FROM (${latest}) l ${notDeletedSql(plan)}`;
}

function notDeletedSql(plan: ReadPlan): string {
  const gone = `SELECT id AS gone_id, max(pos) AS gone_pos FROM ${sourceOf(plan, ({ delta_type }) => delta_type === 'delete')} GROUP BY id`;
  return `LEFT JOIN (${gone}) ON id = gone_id WHERE gone_pos IS NULL OR gone_pos < pos`;
}

function rowsOf(plan: ReadPlan): string {
  return sourceOf(plan, ({ delta_type }) => delta_type !== 'delete');
}

/** The rows of deltas, with their position and a number that rises along them. */
function sourceOf({ scan_tasks }: ReadPlan, isWanted: (task: ScanTask) => boolean): string {
  const tasks = scan_tasks.filter(isWanted);
  const files = tasks.flatMap((task) => task.files.map(({ path }) => ({ path, position: task.stream_position ?? 0n })));
  const positions = files.map(({ position }) => position).join(', ');
  const paths = files.map(({ path }) => `'${path}'`).join(', ');
  return (
    `(SELECT *, [${positions}][file_index::BIGINT + 1] AS pos, file_index::BIGINT << 40 | file_row_number AS row ` +
    `FROM read_parquet([${paths}]))`
  );
}
