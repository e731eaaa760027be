import type { DataFile, ReadPlan } from '@deltacat/contract';
import { DataType, type Schema } from 'apache-arrow';
import { quoteIdentifier } from './duckdb/quote.ts';
import { compareScalars, readScalar, type Scalar, scalarKind } from './values/scalar.ts';

/** One column to order by. */
export interface OrderKey {
  column: string;
  descending: boolean;
  nulls_first: boolean;
  /** Where the values that are no numbers come, among those that are not null. */
  nans_first: boolean;
  is_float: boolean;
}

interface SchemeKey {
  key: string[];
  sort_order?: string | null | undefined;
  null_order?: string | null | undefined;
}

/** The columns of a sort scheme, or of a merge order, that the schema has. Nulls come last unless a key says otherwise. */
export function orderKeys(keys: readonly SchemeKey[] | null | undefined, schema: Schema): OrderKey[] {
  const known = new Map(schema.fields.map(({ name, type }) => [name, type]));
  return (keys ?? []).flatMap(({ key, sort_order, null_order }) =>
    key
      .filter((column) => known.has(column))
      .map((column) => ({
        column,
        descending: sort_order === 'descending',
        nulls_first: null_order === 'at_start',
        nans_first: false,
        is_float: DataType.isFloat(known.get(column)),
      })),
  );
}

/** Something to order by. */
export interface OrderTerm {
  /** An SQL expression. */
  value: string;
  /** Its direction and the place of nulls, in SQL. */
  order: string;
}

/** A term of an ORDER BY list. */
export function termSql({ value, order }: OrderTerm): string {
  return `${value} ${order}`;
}

/**
 * Order keys as the terms of an ORDER BY list; `column` says how a name is written. Strings compare by their bytes. NaN comes after
 * every number in both directions, as in the files that clients sort, and as the official engine has it.
 */
export function orderTerms(keys: readonly OrderKey[], column: (name: string) => string = quoteIdentifier): OrderTerm[] {
  return keys.flatMap(({ column: name, descending, nulls_first, nans_first, is_float }) => {
    const nulls = `NULLS ${nulls_first ? 'FIRST' : 'LAST'}`;
    const value = is_float ? unsignedZero(column(name)) : column(name);
    const sorted = { value, order: `${descending ? 'DESC' : 'ASC'} ${nulls}` };
    // To DuckDB NaN is the greatest number.
    const isPlaced = !is_float || nans_first === descending;
    return isPlaced
      ? [sorted]
      : [{ value: `isnan(${value})`, order: `${nans_first ? 'DESC' : 'ASC'} ${nulls}` }, sorted];
  });
}

/** DuckDB sorts -0 as 0, and gives out the columns that it sorted by as 0; a value made of the column leaves it alone. */
function unsignedZero(sql: string): string {
  return `CASE WHEN ${sql} = 0 THEN 0 ELSE ${sql} END`;
}

interface Bounded {
  file: DataFile;
  min: Scalar;
  max: Scalar;
}

/**
 * The files of a plan without merging, in the order of their rows: as planned, unless the table is sorted, every file
 * was written by that sort scheme, and their ranges of the first sort column do not overlap. Then they are put in the
 * scheme's order, so that the whole result is sorted by that column at no cost.
 */
export function orderFiles(plan: ReadPlan, schema: Schema): DataFile[] {
  const files = plan.scan_tasks.flatMap((task) => task.files);
  const scheme = plan.sort_scheme;
  const [first] = orderKeys(scheme?.keys.slice(0, 1), schema);
  if (first === undefined || scheme?.id == null) return files;
  if (files.some(({ sort_scheme_id }) => sort_scheme_id == null || String(sort_scheme_id) !== String(scheme.id))) {
    return files;
  }
  const bounded = files.flatMap((file) => boundsOf(file, first.column, schema) ?? []);
  if (bounded.length !== files.length) return files;
  const { descending } = first;
  bounded.sort((a, b) => (descending ? compareScalars(b.max, a.max) : compareScalars(a.min, b.min)));
  const apart = bounded.every(({ min, max }, index) => {
    const previous = bounded[index - 1];
    if (previous === undefined) return true;
    return descending ? compareScalars(max, previous.min) <= 0 : compareScalars(min, previous.max) >= 0;
  });
  return apart ? bounded.map(({ file }) => file) : files;
}

function boundsOf(file: DataFile, column: string, schema: Schema): Bounded | null {
  const type = schema.fields.find(({ name }) => name === column)?.type;
  const kind = type === undefined ? null : scalarKind(type);
  const stats = file.column_stats?.[column];
  if (kind === null || stats?.min == null || stats.max == null) return null;
  const min = readScalar(kind, stats.min);
  const max = readScalar(kind, stats.max);
  return min === undefined || max === undefined ? null : { file, min, max };
}
