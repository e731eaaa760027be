import { dirname } from 'node:path';
import type { Predicate, ReadPlan, SortScheme } from '@deltacat/contract';
import { afterAll, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { Scratch } from './storage/scratch.ts';
import vectors from './testdata/merge-vectors.json' with { type: 'json' };
import skipped from './testdata/merge-vectors.skip.json' with { type: 'json' };
import { type DeltaRows, planDeltas, type Rows } from './testing/delta-plans.ts';

/** What deltas of the official engine's making look like, and the rows it merges them to. */
interface MergeVector {
  name: string;
  schema: [string, string][];
  merge_keys: string[];
  deltas: DeltaRows[];
  sort_keys?: NonNullable<NonNullable<ReadPlan['mor_plan']>['sort_keys']>;
  sort_scheme?: SortScheme;
  filter?: Predicate;
  select?: string[];
  'io_0.1.67': Rows | { error: string };
}

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

const skips: Record<string, string> = skipped;
// The file is data of the shape above; JSON's type is wider.
const all = vectors as unknown as MergeVector[];

test.each(Object.entries(skips))('the vector %s is known to differ: %s', async (name) => {
  const vector = all.find((known) => known.name === name);
  expect(vector).toBeDefined();
  if (vector !== undefined) expect(await merge(vector)).not.toEqual(vector['io_0.1.67']);
});

test.each(all.filter(({ name }) => !(name in skips)))(
  '$name merges to the rows of the official engine, in their order',
  async (vector) => {
    expect(await merge(vector)).toEqual(vector['io_0.1.67']);
  },
);

async function merge(vector: MergeVector): Promise<Rows> {
  const folder = dirname(await scratch.path(''));
  const fields = vector.schema.map(([name, type]) => ({ name, type }));
  const plan = await planDeltas({ folder, fields, merge_keys: vector.merge_keys, deltas: vector.deltas });
  plan.mor_plan = vector.sort_keys ? { sort_keys: vector.sort_keys } : null;
  plan.sort_scheme = vector.sort_scheme ?? null;
  const rows = await executePlan(plan, { columns: vector.select, filter: vector.filter }).objects();
  return rows.map((row) => Object.values(row).map((value) => (typeof value === 'bigint' ? Number(value) : value)));
}
