import { expect, test } from 'vitest';
import { openSession } from './duckdb/session.ts';
import { FILE_INDEX_COLUMN, FILE_ROW_COLUMN } from './formats/format.ts';
import type { ScanRelation } from './scan.ts';
import { forgetSurvivors, markRows, SURVIVORS, survivesSql } from './survivors.ts';

/** Rows at the edges of bitmaps, and of what is marked at a time. */
const EDGES = [0, 1, 2 ** 21 - 1, 2 ** 21, 2 ** 26 - 1, 2 ** 26, 2 ** 31 - 1, 2 ** 31, 3_000_000_000, 2 ** 32];

test.each([
  ['a few rows', [0, 3], 5],
  ['rows of several bitmaps', EDGES.filter((ord) => ord < 2 ** 26), 2 ** 26],
  ['three billion rows', EDGES, 4_500_000_000],
])('of %s exactly those survive that were marked', async (_, marked, count) => {
  using session = await openSession();
  const survivors = await markRows(session, `SELECT unnest([${marked.join(', ')}]::BIGINT[]) AS ord`, {
    name: SURVIVORS,
    count,
  });
  const all = [...new Set(marked.flatMap((ord) => [ord - 1, ord, ord + 1]))].filter((ord) => ord >= 0 && ord < count);
  // One file whose rows are counted from 7.
  const numbers = `unnest([${all.map((ord) => ord + 7).join(', ')}]::BIGINT[])`;
  const from_sql = `(SELECT 0 AS ${FILE_INDEX_COLUMN}, ${numbers} AS ${FILE_ROW_COLUMN})`;
  const relation: ScanRelation = { from_sql, columns: new Map(), places: [0], held: [0] };
  const survives = survivesSql(relation, { starts: [0], firsts: [7], count }, survivors);
  const rows = await session.rows(`SELECT ${FILE_ROW_COLUMN} - 7 FROM ${from_sql} WHERE ${survives}`);
  expect(rows.map(([ord]) => Number(ord)).toSorted((a, b) => a - b)).toEqual(marked);
  await forgetSurvivors(session, survivors);
});
