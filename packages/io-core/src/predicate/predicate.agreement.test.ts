import type { Literal, Predicate, SchemaField } from '@deltacat/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arrowType } from '../schema/schema.ts';
import { compareScalars, readScalar, type Scalar, scalarJson, scalarKind } from '../values/scalar.ts';
import { bindPredicate, matchesRow, mightMatch, predicateSql } from './predicate.ts';

/** A column: its type, DuckDB's type for it, and values that meet at the edges, in the form rows and literals share. */
interface Column {
  type: string;
  duckdb: string;
  values: Literal[];
  literals: Literal[];
}

const COLUMNS: Record<string, Column> = {
  flag: { type: 'bool', duckdb: 'BOOLEAN', values: [true, false], literals: [] },
  tiny: { type: 'int8', duckdb: 'TINYINT', values: [-128, -1, 0, 1, 127], literals: [0.5, -128.5, 127.5, 1000, -1000] },
  big: {
    type: 'int64',
    duckdb: 'BIGINT',
    values: [-(2n ** 63n), 2n ** 63n - 1n, 9007199254740993n, 9007199254740992n, 0, 5],
    literals: [2n ** 63n, -(2n ** 64n), 9007199254740992, 1e30, -1e300, 4.5, -0],
  },
  huge: { type: 'uint64', duckdb: 'UBIGINT', values: [0, 2n ** 64n - 1n, 2n ** 63n], literals: [-1, 2n ** 64n] },
  real: {
    type: 'double',
    duckdb: 'DOUBLE',
    values: [0, -0, 1.5, 5e-324, -1e300, 9007199254740992, 0.1],
    literals: [9007199254740993n, 0.30000000000000004],
  },
  single: { type: 'float', duckdb: 'FLOAT', values: [0.5, 16777216, -2.25], literals: [0.1, 16777217] },
  word: {
    type: 'string',
    duckdb: 'VARCHAR',
    values: ['', 'a', 'A', 'a\0b', "it's", 'é', '\u{1F916}', '\uFF5E', '\uE000', 'zz'],
    literals: ['a\0', 'é'],
  },
  blob: { type: 'binary', duckdb: 'BLOB', values: ['', 'AA==', '/w==', '/wA=', 'QUI='], literals: ['//8='] },
  day: {
    type: 'date32[day]',
    duckdb: 'DATE',
    values: ['1969-12-31', '1970-01-01', '2026-03-31', '0001-01-01', '9999-12-31'],
    literals: ['2026-03-31T00:00:00Z', 0, -1, 5_000_000_000, '+010000-01-01'],
  },
  noon: {
    type: 'time64[us]',
    duckdb: 'TIME',
    values: ['00:00:00', '12:30:00.000001', '23:59:59.999999'],
    literals: ['12:30', '12:30:00.0000015', 86_400_000_000, -1],
  },
  naive: {
    type: 'timestamp[us]',
    duckdb: 'TIMESTAMP',
    values: ['1969-12-31T23:59:59.999999', '1970-01-01T00:00:00', '2026-03-31T12:00:00.5', '0001-01-01T00:00:00'],
    literals: ['2026-03-31T14:00:00.5+02:00', '1969-12-31T23:59:59.9999995', 0, 10n ** 40n, '2026-03-31'],
  },
  coarse: { type: 'timestamp[s]', duckdb: 'TIMESTAMP', values: ['1970-01-01T00:00:01'], literals: [1, 2] },
  fine: {
    type: 'timestamp[ns]',
    duckdb: 'TIMESTAMP_NS',
    values: ['2026-03-31T12:00:00.123456789', '2026-03-31T12:00:00.123456', '1969-12-31T23:59:59.999999999'],
    literals: [-1, '9999-01-01', '2026-03-31T12:00:00.12345679'],
  },
  zoned: {
    type: 'timestamp[us, tz=Europe/Berlin]',
    duckdb: 'TIMESTAMPTZ',
    values: ['2026-03-31T12:00:00+00:00', '2026-03-31T12:00:00.000001+00:00'],
    literals: ['2026-03-31T14:00:00+02:00', '2026-03-31 12:00:00.0000001'],
  },
  money: {
    type: 'decimal128(10, 2)',
    duckdb: 'DECIMAL(10,2)',
    values: ['0.00', '-0.01', '12.50', '99999999.99', '-99999999.99'],
    literals: ['12.5', '12.501', -0.005, 1e20, '-100000000', 12.5, 7n],
  },
};

const FIELDS: SchemaField[] = Object.entries(COLUMNS).map(([name, { type }]) => ({ name, type }));

type Row = Record<string, Literal>;

const nullable = (values: Literal[]) => fc.option(fc.constantFrom(...values), { freq: 4 });

const row: fc.Arbitrary<Row> = fc.record(
  Object.fromEntries(Object.entries(COLUMNS).map(([name, { values }]) => [name, nullable(values)])),
);

const leaf: fc.Arbitrary<Predicate> = fc.constantFrom(...Object.keys(COLUMNS)).chain((name) => {
  const column = COLUMNS[name] as Column; // The name is one of its keys.
  const literal = nullable([...column.values, ...column.literals]);
  return fc.oneof(
    ...(['eq', 'neq', 'gt', 'gte', 'lt', 'lte'] as const).map((op) =>
      literal.map((value) => ({ [op]: [name, value] }) as unknown as Predicate),
    ),
    fc.tuple(literal, literal).map(([low, high]) => ({ between: [name, low, high] }) satisfies Predicate),
    fc.array(literal, { maxLength: 4 }).map((values) => ({ in: [name, values] }) satisfies Predicate),
    fc.constant({ is_null: name } satisfies Predicate),
  );
});

const { node: predicate } = fc.letrec<{ node: Predicate }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('node').map((not) => ({ not })),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((and) => ({ and })),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((or) => ({ or })),
  ),
}));

describe('mightMatch', () => {
  test('never drops a file with a row that matches', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), predicate, (rows, filter) => {
        const bound = bindPredicate(filter, FIELDS);
        const kept = rows.some((one) => matchesRow(bound, (name) => one[name]) === true);
        if (kept) expect(mightMatch(bound, statsOf(rows))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('drops a file of one row exactly when a single comparison fails it', () => {
    const exact = fc.constantFrom('tiny', 'big', 'word', 'day', 'naive', 'money', 'flag').chain((name) => {
      const column = COLUMNS[name] as Column; // The name is one of its keys.
      const literal = fc.constantFrom(...column.values, ...column.literals);
      return fc
        .tuple(fc.constantFrom('eq', 'neq', 'gt', 'gte', 'lt', 'lte'), literal)
        .map(([op, value]) => ({ [op]: [name, value] }) as unknown as Predicate);
    });
    fc.assert(
      fc.property(row, exact, fc.boolean(), (one, positive, negated) => {
        const bound = bindPredicate(negated ? { not: positive } : positive, FIELDS);
        expect(mightMatch(bound, statsOf([one]))).toBe(matchesRow(bound, (name) => one[name]) === true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('predicateSql', () => {
  let duckdb: Awaited<ReturnType<typeof connect>>;
  beforeAll(async () => {
    duckdb = await connect();
  });
  afterAll(() => duckdb.closeSync());

  test('gives each row the truth that matchesRow gives it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 4 }),
        fc.array(predicate, { minLength: 8, maxLength: 8 }),
        async (rows, filters) => {
          await fill(rows);
          const sql = filters.map((filter) => predicateSql(filter, FIELDS)).join(', ');
          const answer = await duckdb.runAndReadAll(`SELECT ${sql} FROM sample ORDER BY place`);
          const expected = rows.map((one) =>
            filters.map((filter) => matchesRow(bindPredicate(filter, FIELDS), (name) => one[name])),
          );
          expect(answer.getRows()).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('keeps NaN out of every order, and apart from every number', async () => {
    await duckdb.run("CREATE OR REPLACE TABLE sample AS SELECT 'nan'::DOUBLE AS real, 0 AS place");
    const truths = { eq: false, neq: true, gt: false, gte: false, lt: false, lte: false };
    for (const [op, truth] of Object.entries(truths)) {
      const filter = { [op]: ['real', 1] } as unknown as Predicate;
      const answer = await duckdb.runAndReadAll(`SELECT ${predicateSql(filter, FIELDS)} FROM sample`);
      expect(answer.getRows(), op).toEqual([[truth]]);
      expect(
        matchesRow(bindPredicate(filter, FIELDS), () => Number.NaN),
        op,
      ).toBe(truth);
    }
  });

  test('runs a list of ten thousand values and ten thousand alternatives', async () => {
    await duckdb.run('CREATE OR REPLACE TABLE sample AS SELECT range AS big FROM range(5)');
    const values = Array.from({ length: 10_000 }, (_, index) => index + 4);
    const or = values.slice(0, 9_999).map((value) => ({ eq: ['big', value] }) satisfies Predicate);
    for (const filter of [{ in: ['big', values] }, { or }] satisfies Predicate[]) {
      const answer = await duckdb.runAndReadAll(`SELECT big FROM sample WHERE ${predicateSql(filter, FIELDS)}`);
      expect(answer.getRows()).toEqual([[4n]]);
    }
  });

  async function fill(rows: Row[]): Promise<void> {
    const columns = Object.entries(COLUMNS).map(([name, { duckdb: type }]) => `"${name}" ${type}`);
    await duckdb.run(`CREATE OR REPLACE TABLE sample (place INTEGER, ${columns.join(', ')})`);
    for (const [place, one] of rows.entries()) {
      const values = Object.keys(COLUMNS).map((name) => cell(name, one[name] ?? null));
      await duckdb.run(`INSERT INTO sample VALUES (${place}, ${values.join(', ')})`);
    }
  }
});

/** A value as DuckDB's own casts read it, apart from the literals under test. */
function cell(name: string, value: Literal): string {
  const { duckdb: type = '' } = COLUMNS[name] ?? {};
  if (value === null) return 'NULL';
  if (type === 'BLOB') return `from_base64('${value}')`;
  if (type === 'VARCHAR') return `decode(from_hex('${Buffer.from(String(value)).toString('hex')}'))`;
  return `CAST('${Object.is(value, -0) ? '-0.0' : value}' AS ${type})`;
}

async function connect() {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:');
  return instance.connect();
}

/** Statistics as a writer would make them: nulls counted, bounds in their JSON form. */
function statsOf(rows: Row[]) {
  const columns = Object.entries(COLUMNS).map(([name, { type }]) => {
    const kind = scalarKind(arrowType(type));
    if (!kind) throw new Error(`${type} does not compare`);
    const present = rows.map((one) => one[name] ?? null).filter((value) => value !== null);
    const sorted = present.map((value) => readScalar(kind, value) as Scalar).sort(compareScalars);
    const [min, max] = [sorted[0], sorted.at(-1)];
    const ends =
      min === undefined || max === undefined ? {} : { min: scalarJson(kind, min), max: scalarJson(kind, max) };
    return [name, { ...ends, null_count: rows.length - present.length }] as const;
  });
  return { record_count: rows.length, column_stats: Object.fromEntries(columns) };
}
