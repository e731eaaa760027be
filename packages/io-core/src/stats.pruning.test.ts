import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Literal, type Predicate, parseJson, type SchemaField, stringifyJson } from '@deltacat/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectFile } from './inspect.ts';
import { bindPredicate, type FileStats, matchesRow, mightMatch } from './predicate/predicate.ts';
import { mergeStats } from './stats.ts';
import { writeRows } from './write.ts';

const LONG = 'x'.repeat(1_500);

/** A column of every kind, with values that meet at the edges of bounds, and literals beside them. */
const COLUMNS: Record<string, { type: string; values: Literal[]; literals?: Literal[] }> = {
  tiny: { type: 'int8', values: [-128, 0, 127], literals: [0.5, 1_000] },
  large: { type: 'int64', values: [-(2n ** 63n), 2n ** 53n + 1n, 2n ** 53n, 2n ** 63n - 1n, 0] },
  unsigned: { type: 'uint64', values: [0, 2n ** 63n, 2n ** 64n - 1n], literals: [-1, 2n ** 64n] },
  double: { type: 'double', values: [0, -0, 0.1, -1e300, 5e-324], literals: [0.30000000000000004, 1n] },
  single: { type: 'float', values: [0.5, -2.25, 16_777_216], literals: [0.1, 16_777_217] },
  flag: { type: 'bool', values: [true, false] },
  money: { type: 'decimal128(20, 4)', values: ['0.0000', '-12.3450', '12.3451'], literals: ['12.345', 12.5] },
  day: {
    type: 'date32[day]',
    values: ['1969-12-31', '2026-03-31', '0001-01-01'],
    literals: ['2026-03-31T00:00:00Z', '+010000-01-01'],
  },
  noon: { type: 'time64[us]', values: ['00:00:00', '23:59:59.999999'], literals: ['23:59:59.9999995'] },
  at: { type: 'timestamp[us]', values: ['1969-12-31T23:59:59.999999', '2026-03-31T12:00:00.5'] },
  fine: { type: 'timestamp[ns]', values: ['2026-03-31T12:00:00.000000001', '2026-03-31T12:00:00'] },
  local: {
    type: 'timestamp[ms, tz=Europe/Berlin]',
    values: ['2026-03-29T00:59:59.999', '2026-03-29T01:00:00'],
    literals: ['2026-03-29T03:00:00+02:00'],
  },
  word: {
    type: 'string',
    values: ['', 'a', 'é', '\u{1f916}', '\uff5e', LONG, `${LONG}a`, `${LONG}\u{10ffff}`, '\u{10ffff}'.repeat(300)],
    literals: ['x', `${'x'.repeat(1_022)}y`, `${'x'.repeat(1_023)}`],
  },
  bytes: { type: 'binary', values: ['', 'AA==', '/w=='] },
};

const FIELDS: SchemaField[] = [
  ...Object.entries(COLUMNS).map(([name, { type }]) => ({ name, type })),
  { name: 'list', type: 'list<item: int8>' },
  { name: 'empty', type: 'string' },
];

type Row = Record<string, Literal>;

const row: fc.Arbitrary<Row> = fc.record(
  Object.fromEntries(
    Object.entries(COLUMNS).map(([name, { values }]) => [name, fc.option(fc.constantFrom(...values), { freq: 4 })]),
  ),
);

const column = fc.constantFrom(...Object.entries(COLUMNS), ['empty', { type: 'string', values: ['a'] }] as const);

const leaf: fc.Arbitrary<Predicate> = column.chain(([name, of]) => {
  const literals: Literal[] = 'literals' in of ? [...(of.literals ?? [])] : [];
  const literal = fc.option(fc.constantFrom<Literal>(...of.values, ...literals), { freq: 9 });
  return fc.oneof(
    fc
      .tuple(fc.constantFrom('eq', 'neq', 'gt', 'gte', 'lt', 'lte'), literal)
      .map(([op, value]) => ({ [op]: [name, value] }) as unknown as Predicate),
    fc.array(literal, { maxLength: 3 }).map((listed) => ({ in: [name, listed] }) satisfies Predicate),
    fc.tuple(literal, literal).map(([low, high]) => ({ between: [name, low, high] }) satisfies Predicate),
    fc.constant({ is_null: name } satisfies Predicate),
  );
});

const { node: predicate } = fc.letrec<{ node: Predicate }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    leaf,
    tie('node').map((not) => ({ not })),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((and) => ({ and })),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((or) => ({ or })),
  ),
}));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-stats-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Statistics of a file as its writer tells them, as its footer does, and of two files together; all as they travel. */
async function tellings(rows: Row[]): Promise<FileStats[]> {
  const [entry] = await writeRows(rows, { data_dir: folder, schema: FIELDS });
  if (!entry) throw new Error('no file was written');
  const { column_stats } = await inspectFile({ path: entry.path, content_type: 'parquet' });
  const record_count = rows.length;
  const written = { record_count, column_stats: entry.column_stats ?? {} };
  const footer = { record_count, column_stats: column_stats ?? {} };
  const both = { record_count: 2 * record_count, column_stats: mergeStats([written, footer], FIELDS) };
  return [written, footer, both].map((stats) => parseJson(stringifyJson(stats)) as FileStats);
}

test('a file with a row that matches is never dropped by statistics, whoever tells them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 4 }),
      fc.array(predicate, { minLength: 20, maxLength: 40 }),
      async (rows, filters) => {
        const told = await tellings(rows);
        for (const filter of filters) {
          const bound = bindPredicate(filter, FIELDS);
          if (!rows.some((one) => matchesRow(bound, (name) => one[name]) === true)) continue;
          const kept = told.map((stats) => mightMatch(bound, stats));
          expect(kept, stringifyJson({ filter, rows, told })).toEqual([true, true, true]);
        }
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

test('a filter beyond the bounds drops the file, long texts included', async () => {
  const [one] = await tellings([
    { word: LONG, large: 5, money: '1.5000', day: '2026-03-31', unsigned: 2n ** 64n - 1n },
  ]);
  const drops: Predicate[] = [
    { gt: ['word', 'y'] },
    { eq: ['word', 'w'] },
    { lt: ['large', 5] },
    { eq: ['money', '1.5001'] },
    { gt: ['day', '2026-03-31'] },
    { lt: ['unsigned', 2n ** 64n - 1n] },
    { eq: ['empty', 'a'] },
    { not: { is_null: 'list' } },
  ];
  const kept = drops.filter((filter) => mightMatch(bindPredicate(filter, FIELDS), one ?? {}));
  expect(kept).toEqual([]);
});
