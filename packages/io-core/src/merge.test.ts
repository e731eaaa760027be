import { dirname } from 'node:path';
import type { DeltaType, Predicate, SchemaField } from '@deltacat/contract';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { Scratch } from './storage/scratch.ts';
import { type DeltaRows, planDeltas, type Rows } from './testing/delta-plans.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

const NAMES = ['a', 'b', 'v', 'w'];
const FIELDS: SchemaField[] = [
  { name: 'a', type: 'int64' },
  { name: 'b', type: 'string' },
  { name: 'v', type: 'int64' },
  { name: 'w', type: 'string' },
];

interface Order {
  column: string;
  descending: boolean;
  nulls_first: boolean;
}

interface Case {
  merge_keys: string[];
  deltas: DeltaRows[];
  order: Order[];
  scheme: Order[];
}

type Row = unknown[];

/** Goes through the deltas one by one, as the definition of merging does. */
function mergeByRuns({ merge_keys, deltas, order, scheme }: Case): Row[] {
  const groups = new Map<string, DeltaRows[]>();
  for (const delta of deltas) {
    const group = groups.get(`${delta.partition_id}`);
    if (group === undefined) groups.set(`${delta.partition_id}`, [delta]);
    else group.push(delta);
  }
  return [...groups.values()].flatMap((group) => {
    let rows: Row[] = [];
    let run: { row: Row; pos: number }[] = [];
    const endRun = () => {
      run.sort((x, y) => x.pos - y.pos || compareRows(x.row, y.row, order));
      for (const { row } of run) {
        if (merge_keys.length > 0) rows = rows.filter((old) => keyOf(old, merge_keys) !== keyOf(row, merge_keys));
        rows.push(row);
      }
      run = [];
    };
    for (const delta of group) {
      if (delta.type !== 'delete') {
        run.push(...delta.files.flat().map((row) => ({ row, pos: delta.pos })));
        continue;
      }
      endRun();
      const { columns = [], delete_keys = [] } = delta;
      const gone = new Set(delta.files.flat().map((row) => keyOf(row, delete_keys, columns)));
      rows = rows.filter((row) => !gone.has(keyOf(row, delete_keys)));
    }
    endRun();
    return rows.toSorted((x, y) => compareRows(x, y, scheme));
  });
}

function keyOf(row: Row, keys: string[], columns = NAMES): string {
  return JSON.stringify(keys.map((key) => row[columns.indexOf(key)] ?? null));
}

function compareRows(x: Row, y: Row, order: Order[]): number {
  for (const { column, descending, nulls_first } of order) {
    // Columns hold numbers or ASCII texts, never both.
    const [a, b] = [x, y].map((values) => values[NAMES.indexOf(column)] as number | null);
    if (a === b) continue;
    if (a == null || b == null) return (a === null) === nulls_first ? -1 : 1;
    return a < b === descending ? 1 : -1;
  }
  return 0;
}

const row = fc.tuple(
  fc.option(fc.integer({ min: 0, max: 3 })),
  fc.option(fc.constantFrom('', 'x', 'y|', 'null')),
  fc.option(fc.integer({ min: 0, max: 2 })),
  fc.option(fc.constantFrom('p', 'q')),
);
const orders = fc.array(
  fc.record({ column: fc.constantFrom('v', 'w'), descending: fc.boolean(), nulls_first: fc.boolean() }),
  { maxLength: 2 },
);
const delta = fc.record({
  type: fc.constantFrom<DeltaType>('add', 'append', 'upsert', 'upsert', 'delete'),
  gap: fc.integer({ min: 1, max: 3 }),
  files: fc.array(fc.array(row, { maxLength: 6 }), { minLength: 1, maxLength: 3 }),
  partition: fc.constantFrom('P', 'P', 'Q'),
  delete_keys: fc.constantFrom<string[]>(['a'], ['a', 'b'], ['b', 'a'], ['v'], ['w', 'a']),
});
const cases = fc
  .record({
    merge_keys: fc.constantFrom<string[]>(['a'], ['a', 'b'], ['b'], []),
    drawn: fc.array(delta, { minLength: 1, maxLength: 7 }),
    order: fc.oneof({ weight: 2, arbitrary: fc.constant<Order[]>([]) }, { weight: 1, arbitrary: orders }),
    scheme: fc.oneof({ weight: 2, arbitrary: fc.constant<Order[]>([]) }, { weight: 1, arbitrary: orders }),
  })
  .map(({ drawn, ...rest }): Case => {
    let pos = 0;
    const deltas = drawn.map(({ type, gap, files, partition, delete_keys }): DeltaRows => {
      pos += gap;
      if (type !== 'delete') return { type, pos, files, partition_id: partition };
      const columns = NAMES.filter((name) => delete_keys.includes(name));
      const keys = files.map((rows) => rows.map((values) => columns.map((name) => values[NAMES.indexOf(name)])));
      return { type, pos, files: keys, columns, delete_keys, partition_id: partition };
    });
    return { ...rest, deltas };
  });

test('merging by SQL gives the rows, and their order, that going through the deltas one by one gives', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.boolean(), async (drawn, filtered) => {
      const folder = dirname(await scratch.path(''));
      const plan = await planDeltas({ folder, fields: FIELDS, merge_keys: drawn.merge_keys, deltas: drawn.deltas });
      plan.mor_plan = { sort_keys: drawn.order.map(schemeKey) };
      plan.sort_scheme = { id: 's', keys: drawn.scheme.map(schemeKey) };
      const filter: Predicate = { and: [{ gte: ['a', 1] }, { lte: ['v', 1] }] };
      const rows = await executePlan(plan, { filter: filtered ? filter : null }).objects();
      const found: Rows = rows.map((object) => NAMES.map((name) => plainNumber(object[name])));
      const merged = mergeByRuns(drawn);
      const expected = filtered ? merged.filter(([a, , v]) => atLeast(a, 1) && atMost(v, 1)) : merged;
      expect(found).toEqual(expected);
    }),
    { numRuns: 60, ...(process.env.SEED && { seed: Number(process.env.SEED) }) },
  );
});

const schemeKey = ({ column, descending, nulls_first }: Order) => ({
  key: [column],
  sort_order: descending ? ('descending' as const) : ('ascending' as const),
  null_order: nulls_first ? ('at_start' as const) : ('at_end' as const),
});
const plainNumber = (value: unknown) => (typeof value === 'bigint' ? Number(value) : value);
const atLeast = (value: unknown, bound: number) => value !== null && Number(value) >= bound;
const atMost = (value: unknown, bound: number) => value !== null && Number(value) <= bound;
