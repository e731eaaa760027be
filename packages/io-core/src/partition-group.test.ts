import type { ReadPlan } from '@deltacat/contract';
import { expect, test } from 'vitest';
import { appendUnits, mergeUnits, type ReadUnit } from './partition-group.ts';

const GIB = 2 ** 30;

const file = (path: string, content_length: number) => ({
  path,
  content_type: 'parquet' as const,
  content_encoding: 'identity' as const,
  content_length,
  record_count: 100,
});
const paths = (units: ReadUnit[]) => units.map(({ files }) => files.map((ranked) => ranked.file.path).join(' '));

test('files are read in units whose copies fit on a disk, in their order', () => {
  const files = ['a', 'b', 'c', 'd'].map((path) => file(path, path === 'c' ? 9 * GIB : 2 * GIB));
  expect(paths(appendUnits(files))).toEqual(['a b', 'c', 'd']);
  expect(appendUnits([])).toEqual([]);
  const many = Array.from({ length: 1_001 }, (_, index) => file(`${index}`, 1));
  expect(appendUnits(many).map((unit) => unit.files.length)).toEqual([500, 500, 1]);
});

test('for the first rows alone the first unit is of the files that hold them', () => {
  const files = ['a', 'b', 'c', 'd'].map((path) => file(path, 1));
  expect(paths(appendUnits(files, 1))).toEqual(['a', 'b c d']);
  expect(paths(appendUnits(files, 101))).toEqual(['a b', 'c d']);
  expect(paths(appendUnits(files, 400))).toEqual(['a b c d']);
});

test('whole partitions are merged in units whose copies fit on a disk', () => {
  const scan_tasks = ['a', 'b', 'c'].map((value, index) => ({
    partition_values: [value],
    stream_position: BigInt(index + 1),
    delta_type: 'upsert' as const,
    files: [file(`${value}1`, GIB), file(`${value}2`, GIB)],
  }));
  const plan = { scan_tasks } as unknown as ReadPlan; // as much of a plan as units are made of
  expect(paths(mergeUnits(plan))).toEqual(['a1 a2 b1 b2', 'c1 c2']);
});
