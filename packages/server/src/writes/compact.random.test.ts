import { API, stringifyJson } from '@deltacat/contract';
import { executePlan } from '@deltacat/io-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkStore } from '../maintenance/fsck.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { type Random, seededRandom } from '../testing/random.ts';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { type CompactionOutcome, compactPartition } from './compact.ts';

const TABLES = 10;
const STEPS = 12;
const PARTS = ['x', 'y', 'z'] as const;

let on: Transacting;
beforeAll(async () => {
  on = await startTransacting();
});
afterAll(() => on.close());

const pathOf = (table: string) => `/v1/namespaces/n/tables/${table}`;

interface Made {
  name: string;
  keyed: boolean;
  evolves: boolean;
  /** How many steps are appends. */
  appends: number;
}

async function makeTable(name: string, random: Random): Promise<Made> {
  const keyed = random.below(3) > 0;
  const merge_order = keyed && random.below(3) === 0 ? { sort_order: 'descending', null_order: 'at_end' } : undefined;
  await on.createTable(name, {
    schema_def: [
      { name: 'id', type: 'int64', ...(keyed ? { is_merge_key: true } : {}) },
      { name: 'rank', type: 'int32', ...(merge_order ? { merge_order } : {}) },
      { name: 'part', type: 'string' },
    ],
    ...(random.below(3) > 0 ? { partition_scheme: { keys: [{ key: ['part'] }] } } : {}),
    ...(random.below(2) > 0 ? { sort_scheme: { keys: [{ key: ['rank'] }] } } : {}),
    table_properties: { records_per_compacted_file: random.pick([3, 10, 1_000]) },
  });
  return { name, keyed, evolves: random.below(2) > 0, appends: random.below(STEPS) };
}

const IDS = 5;

/** Appends at first, of several rows of one key, then whatever there is: what was compacted may have to be merged later. */
function chooseMode({ keyed, appends }: Made, random: Random, step: number): string {
  if (!keyed) return random.pick(['append', 'add']);
  if (step < appends) return 'append';
  return random.pick(['merge', 'append', 'delete', 'delete_all']);
}

/** Writes rows that meet earlier ones of the same key, in some tables with columns that come later. */
async function writeSome(table: Made, random: Random, step: number): Promise<void> {
  const mode = chooseMode(table, random, step);
  const parts: readonly [string, ...string[]] = random.below(2) === 0 ? PARTS : [random.pick(PARTS)];
  const rows = mode === 'delete_all' ? IDS * parts.length : 1 + random.below(6);
  const data = Array.from({ length: rows }, (_, row) => ({
    id: mode === 'delete_all' ? row % IDS : random.below(IDS),
    rank: random.pick([null, random.below(100)]),
    part: mode === 'delete_all' ? parts[Math.floor(row / IDS)] : random.pick(parts),
    ...(table.evolves && !mode.startsWith('delete') && random.below(3) === 0
      ? { [`extra${random.below(3)}`]: `s${step}` }
      : {}),
  }));
  await on.must(on.post(`${pathOf(table.name)}/write?mode=${mode.replace('_all', '')}`, { data }));
}

/**
 * What readers read that merge by themselves: all of it, and each partition by itself. Some tables read otherwise in part
 * than as a whole; for readers of another kind whole partitions would be merged, after which their parts read as the whole.
 */
async function readAll(table: string, query = ''): Promise<string[][]> {
  const request = on.server.requestAs({ 'X-DeltaCAT-Client-Version': 'ts-1.0.0' });
  const filters = [null, ...PARTS.map((part) => ({ eq: ['part', part] }) as const)];
  return Promise.all(
    filters.map(async (filter) => {
      const asked = filter ? `filter_predicate=${encodeURIComponent(stringifyJson(filter))}` : '';
      const { body } = await on.must(request('POST', `${pathOf(table)}/plan?${query}&${asked}`));
      const rows = await executePlan(API.plan_read.output.parse(body), { filter: filter as never }).objects();
      return rows.map((row) => stringifyJson(row)).toSorted();
    }),
  );
}

async function partitionsOf(table: string) {
  const { reader } = on.server.context.db;
  return reader
    .selectFrom('deltas')
    .innerJoin('table_versions', 'table_versions.table_version_id', 'deltas.table_version_id')
    .innerJoin('tables', 'tables.table_id', 'table_versions.table_id')
    .select(['deltas.table_version_id', 'deltas.partition_id'])
    .distinct()
    .where('tables.name', '=', table)
    .where('tables.to_seq', 'is', null)
    .where('deltas.to_seq', 'is', null)
    .orderBy('deltas.partition_id')
    .execute();
}

function compact(partition: { table_version_id: string; partition_id: string }): Promise<CompactionOutcome> {
  const context = on.server.requestContext();
  return compactPartition(context, { catalog: catalogNamed(context, null), ...partition });
}

const random = seededRandom();

test.each(Array.from({ length: TABLES }, (_, number) => `t${number}`))(
  `compaction of table %s changes no row that anyone reads, now or then (SEED=${random.seed})`,
  async (name) => {
    const table = await makeTable(name, random);
    const outcomes: CompactionOutcome[] = [];
    const past: { as_of: bigint; rows: string[][] }[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      await writeSome(table, random, step);
      if (random.below(2) > 0) continue;
      const rows = await readAll(name);
      const { body } = await on.server.request('GET', '/v1/catalogs/default');
      past.push({ as_of: body.committed_at_ns, rows });
      for (const partition of await partitionsOf(name)) {
        if (random.below(3) === 0) continue;
        outcomes.push(await compact(partition));
        expect(await readAll(name), `step ${step}`).toEqual(rows);
      }
    }
    for (const partition of await partitionsOf(name)) await compact(partition);
    for (const partition of await partitionsOf(name)) {
      expect((await compact(partition)).outcome).toBeOneOf(['unchanged', 'left']);
    }
    for (const { as_of, rows } of past) expect(await readAll(name, `as_of=${as_of}`)).toEqual(rows);
    expect(outcomes.map(({ outcome }) => outcome)).not.toContain('gave_way');
  },
);

test('the store keeps its promises after all of it', async () => {
  const options = { files: true, history: true, orphans_older_than_ms: 0, progress() {} };
  const { found } = await checkStore(on.server.context.config, options);
  expect(found, `SEED=${random.seed}`).toEqual([]);
});
