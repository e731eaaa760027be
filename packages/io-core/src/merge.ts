import { DeltacatError, type Predicate, type SchemaField } from '@deltacat/contract';
import type { Field } from 'apache-arrow';
import type { Session } from './duckdb/session.ts';
import type { DeleteFile, ReadUnit } from './partition-group.ts';
import { predicateSql } from './predicate/sql.ts';
import { columnSql, fileNumberSql, type Scan, type ScanRelation, unionSql } from './scan.ts';
import { type OrderKey, orderTerms, termSql } from './sort.ts';
import { markRows, type Ordinals, ordinalSql, type Survivors } from './survivors.ts';

/** What a merge goes by. */
export interface MergeInput {
  unit: ReadUnit;
  data: Scan;
  deletes: Scan;
  ordinals: Ordinals;
  /** What the variables are called that will hold the answer. */
  survivors: string;
  /** Of each key the last row stays. Without keys all rows do, but for deleted ones. */
  keys: string[];
  /** What decides between rows of one key and one position, before their order in the files does. */
  order: OrderKey[];
  schema_fields: readonly Field[];
  /** Rows that fail it need not be looked at: a condition on merge keys alone. */
  key_filter: Predicate | null;
  fields: readonly SchemaField[];
}

/**
 * Decides which rows of a unit survive merging and leaves the answer in the session. A row
 * survives when no later row of its group has its key, and no delete of a later position
 * has its values. That is what going through the deltas one by one gives: a key's last row is the only one that a
 * later delete can still meet, and a deleted row does not bring an older one back, because that was replaced before.
 *
 * Only keys are read here, and the rows are then read once more, in their order, with the bitmaps as a filter; nothing is
 * sorted, no row is copied, and other filters can go into that second reading. A number per key is all that is aggregated,
 * because DuckDB puts nothing else aside on disk: `max({ord, column})` took twice its memory limit. 2 million rows and 20
 * upserts of 100,000 (2 cores, DuckDB 1.5.5, rows of 4 numbers and strings; medians of four):
 *   keep the row_number() = 1 of a window per key, ordered       1,850 ms
 *   the same, unordered                                          2,500 ms
 *   qualify ord = max(ord) over a window per key, ordered        1,470 ms
 *   arg_max of the whole row per key, ordered                    1,940 ms
 *   max(ord) per key, semi join on ord, ordered                  1,470 ms
 *   max(ord) per key, bitmap, second reading with it               900-1,250 ms, of which 300 ms the bitmap
 * A scan of the files alone takes 900 ms. To Arrow batches the whole read takes 2.1 s, the ordered window 4.1 s.
 */
export async function markSurvivors(session: Session, input: MergeInput): Promise<Survivors> {
  return markRows(session, survivorsSql(input), { name: input.survivors, count: input.ordinals.count });
}

function survivorsSql(input: MergeInput): string {
  const { keys } = input;
  const sets = deleteSets(input.unit.deletes);
  // All rows of a key agree in its columns: those deletes are looked up for the last ones only, the others for every row.
  const isByKey = ({ columns }: DeleteSet) => keys.length === 0 || columns.every((name) => keys.includes(name));
  const [byKey, byRow] = [sets.filter(isByKey), sets.filter((set) => !isByKey(set))];
  const columns = keys.length > 0 ? keys : byKey.flatMap((set) => set.columns);
  const kept = keptSql(input, { rows: winnersSql(input, fieldsNamed(input, columns)), columns, sets: byKey });
  if (byRow.length === 0) return kept;
  const gone = byRow.map((set) => goneSql(input, set)).join('\nUNION ALL\n');
  return `SELECT k.ord FROM (${kept}) k ANTI JOIN (${gone}) gone ON k.ord = gone.ord`;
}

interface Deleting {
  /** A query of rows: their group, ordinal, and columns c0, c1 … */
  rows: string;
  columns: string[];
  sets: DeleteSet[];
}

/** The ordinals of rows that none of some deletes reaches. */
function keptSql(input: MergeInput, { rows, columns, sets }: Deleting): string {
  const joins = sets.map((set, index) => {
    const [name, same] = [`d${index}`, sameSql(set, `d${index}`, columns)];
    return `LEFT JOIN (${deleteSql(input, set)}) ${name} ON ${name}.g = r.g AND ${same}`;
  });
  const kept = sets.map((_, index) => `(d${index}.barrier IS NULL OR d${index}.barrier <= r.ord)`);
  return `SELECT r.ord FROM (${rows}) r ${joins.join(' ')}${kept.length === 0 ? '' : ` WHERE ${kept.join(' AND ')}`}`;
}

/** The ordinals of the rows that deletes reach. */
function goneSql(input: MergeInput, set: DeleteSet): string {
  const rows = rowsSql(input, fieldsNamed(input, set.columns));
  return (
    `SELECT r.ord FROM (${rows}) r JOIN (${deleteSql(input, set)}) d ` +
    `ON d.g = r.g AND ${sameSql(set, 'd', set.columns)} WHERE d.barrier > r.ord`
  );
}

function sameSql(set: DeleteSet, name: string, columns: string[]): string {
  return set.columns
    .map((column, index) => `r.c${columns.indexOf(column)} IS NOT DISTINCT FROM ${name}.c${index}`)
    .join(' AND ');
}

/** The rows with some of their columns, and with others by which they are told apart. */
function rowsSql({ data, unit, ordinals }: MergeInput, columns: Field[], by: Field[] = []): string {
  return unionSql(data, (relation) => {
    const values = columns.map((field, index) => `${columnSql(relation, field, data.files)} AS c${index}`);
    const orders = by.map((field, index) => `${columnSql(relation, field, data.files)} AS s${index}`);
    const rank = by.length === 0 ? [] : [`${fileNumberSql(relation, (place) => unit.files[place]?.rank ?? 0)} AS rank`];
    const group = `${fileNumberSql(relation, (place) => unit.files[place]?.group ?? 0)} AS g`;
    const ordinal = `${ordinalSql(relation, ordinals)} AS ord`;
    return `${[...values, ...orders, ...rank, group, ordinal].join(', ')} FROM ${relation.from_sql}`;
  });
}

/** The last row of each key, or all rows where there is none. */
function winnersSql(input: MergeInput, columns: Field[]): string {
  const { keys, order, key_filter, fields, schema_fields } = input;
  if (keys.length === 0) return rowsSql(input, columns);
  const all = rowsSql(
    input,
    columns,
    order.map(({ column }) => fieldNamed(schema_fields, column)),
  );
  const places = new Map(columns.map(({ name }, index) => [name, `c${index}`]));
  const filter = key_filter && predicateSql(key_filter, fields, (name) => places.get(name) ?? name);
  const rows = filter === null ? `(${all})` : `(SELECT * FROM (${all}) WHERE ${filter})`;
  const key = ['g', ...places.values()].join(', ');
  if (order.length === 0) return `SELECT ${key}, max(ord) AS ord FROM ${rows} GROUP BY ${key}`;
  // A window is sorted on disk when it is too large; an aggregate with an order holds its rows in memory.
  const last = [
    'rank DESC',
    ...orderTerms(order.map(turned), (name) => `s${order.findIndex(({ column }) => column === name)}`).map(termSql),
    'ord DESC',
  ];
  const numbered = `SELECT ${key}, ord, row_number() OVER (PARTITION BY ${key} ORDER BY ${last.join(', ')}) AS place FROM ${rows}`;
  return `SELECT ${key}, ord FROM (${numbered}) WHERE place = 1`;
}

/** The order in which what was last comes first. */
function turned(key: OrderKey): OrderKey {
  const { descending, nulls_first, nans_first } = key;
  return { ...key, descending: !descending, nulls_first: !nulls_first, nans_first: !nans_first };
}

interface DeleteSet {
  columns: string[];
  /** Places among the unit's delete files. */
  places: number[];
}

/** Deletes by the same columns are looked up together. */
function deleteSets(files: DeleteFile[]): DeleteSet[] {
  const sets = new Map<string, DeleteSet>();
  for (const [place, { columns }] of files.entries()) {
    const key = JSON.stringify(columns);
    const set = sets.get(key);
    if (set === undefined) sets.set(key, { columns, places: [place] });
    else set.places.push(place);
  }
  return [...sets.values()];
}

/** The values to delete, each with the ordinal below which rows of its group are removed. */
function deleteSql({ unit, deletes, ordinals, schema_fields }: MergeInput, { columns, places }: DeleteSet): string {
  const wanted = new Set(places);
  const fields = columns.map((name) => fieldNamed(schema_fields, name));
  const selects = deletes.relations
    .filter(({ held }) => held.some((place) => wanted.has(place)))
    .map((relation) => {
      for (const { name } of fields) if (!relation.columns.has(name)) throw lacking(deletes, relation, name);
      const values = fields.map((field, index) => `${columnSql(relation, field, deletes.files)} AS c${index}`);
      const group = `${fileNumberSql(relation, (place) => unit.deletes[place]?.group ?? 0)} AS g`;
      const barrier = `${fileNumberSql(relation, (place) => barrierOf(unit, ordinals, place))} AS barrier`;
      const ours = fileNumberSql(relation, (place) => Number(wanted.has(place)));
      return `SELECT ${[...values, group, barrier].join(', ')} FROM ${relation.from_sql} WHERE ${ours} = 1`;
    });
  const names = columns.map((_, index) => `c${index}`).join(', ');
  return `SELECT g, ${names}, max(barrier) AS barrier FROM (${selects.join('\nUNION ALL\n')}) GROUP BY g, ${names}`;
}

/** The ordinal of the first row that a delete does not reach: of its own position, or a later one. */
function barrierOf({ files, deletes }: ReadUnit, { starts, count }: Ordinals, place: number): number {
  const { group = 0, rank = 0 } = deletes[place] ?? {};
  const first = files.findIndex((file) => file.group > group || (file.group === group && file.rank >= rank));
  return first < 0 ? count : (starts[first] ?? count);
}

function fieldNamed(fields: readonly Field[], name: string): Field {
  const field = fields.find((known) => known.name === name);
  if (field !== undefined) return field;
  throw new DeltacatError('unknown_column', `The plan merges by column "${name}", which the table's schema lacks.`);
}

function fieldsNamed({ schema_fields }: MergeInput, names: string[]): Field[] {
  return names.map((name) => fieldNamed(schema_fields, name));
}

function lacking(scan: Scan, relation: ScanRelation, column: string): DeltacatError {
  const path = scan.files[relation.held[0] ?? 0]?.path;
  return new DeltacatError('schema_mismatch', `The delete file ${path} lacks column "${column}", by which it deletes.`);
}
