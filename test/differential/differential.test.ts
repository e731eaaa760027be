import { expect, test } from 'vitest';
import { difference } from './compare.ts';
import { answered, emptyTable } from './model.ts';
import { nextState } from './states.ts';
import type { Mode, TableDefinition, WriteStep } from './story.ts';
import { tellStory } from './tell.ts';
import type { Cell, Rows } from './values.ts';

const columns = [
  { name: 'k', type: 'int64', is_merge_key: true },
  { name: 'v', type: 'string' },
];
const rowsOf = (...rows: Cell[][]): Rows => ({ columns: columns.map(({ name, type }) => ({ name, type })), rows });
const compare = (one: Rows, other: Rows, ordered = true) =>
  difference({ left: { name: 'one', rows: one }, right: { name: 'other', rows: other }, ordered });

test('rows, their order, names and types must be equal, and what differs is shown', () => {
  const rows = rowsOf(['1', 'a'], ['2', null], ['2', null]);
  expect(compare(rows, structuredClone(rows))).toBeNull();
  expect(compare(rows, rowsOf(['1', 'a'], ['2', null]))).toContain('["2",null]');
  expect(compare(rows, rowsOf(['1', 'a'], ['2', null], ['2', '']))).toContain('["2",""]');
  const turned = rowsOf(['2', null], ['2', null], ['1', 'a']);
  expect(compare(rows, turned)).toContain('another order');
  expect(compare(rows, turned, false)).toBeNull();
  expect(compare(rows, { ...rows, columns: [columns[0], { name: 'v', type: 'binary' }] as Rows['columns'] })).toContain(
    'v: binary',
  );
});

test('a seed tells one story', () => {
  expect(tellStory(7)).toEqual(tellStory(7));
  expect(tellStory(7)).not.toEqual(tellStory(8));
});

test('stories have every kind of step, by both clients', () => {
  const steps = Array.from({ length: 200 }, (_, seed) => tellStory(seed)).flatMap((story) => story.steps);
  const kinds = new Set(steps.map(({ step }) => step.do));
  expect(kinds.size).toBe(7);
  const writes = steps.flatMap(({ step }) => (step.do === 'write' ? [`${step.mode} by ${step.by}`] : []));
  expect(new Set(writes).size).toBe(14);
});

test('the model merges, deletes and filters', () => {
  const definition: TableDefinition = { columns, partition_keys: [], sort_keys: [], read_optimization_level: null };
  const write = (mode: Mode, ...rows: Cell[][]): WriteStep => ({
    ...{ do: 'write', by: 'python', format: 'parquet', form: 'objects' },
    ...{ mode, rows: rowsOf(...rows) },
  });
  const steps = [
    write('merge', ['1', 'a'], ['2', 'b'], ['3', 'c']),
    write('delete', ['1', null]),
    write('merge', ['3', 'C'], ['1', 'again']),
  ];
  const table = steps.reduce((state, step) => nextState([state], step), emptyTable(definition));
  expect(answered(table, { do: 'read' })?.rows.rows).toEqual([
    ['2', 'b'],
    ['1', 'again'],
    ['3', 'C'],
  ]);
  expect(answered(table, { do: 'read', filter: { eq: ['v', 'c'] } })?.rows.rows).toEqual([]);
});
