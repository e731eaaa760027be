import {
  type DataFile,
  DeltacatError,
  type Predicate,
  predicateColumns,
  type ReadPlan,
  type SchemaField,
} from '@deltacat/contract';
import { type Field, type RecordBatch, Schema } from 'apache-arrow';
import { quoteIdentifier } from './duckdb/quote.ts';
import { recordBatches } from './duckdb/record-batches.ts';
import { openSession, type Session } from './duckdb/session.ts';
import { explainFailure } from './failed-files.ts';
import { manifestTable } from './manifest-table.ts';
import { type MergeInput, markSurvivors } from './merge.ts';
import { appendUnits, mergeUnits, type ReadUnit } from './partition-group.ts';
import { type ExecuteOptions, type PlanRows, planRows } from './plan-rows.ts';
import { bindPredicate, conjunctsOver, predicateSql } from './predicate/predicate.ts';
import { pageFiles, pageSql, type RowPage, rowPage } from './row-page.ts';
import {
  columnsSql,
  fileNumberSql,
  filePathSql,
  openScan,
  pathField,
  type Scan,
  type ScanOptions,
  unionSql,
} from './scan.ts';
import { arrowSchema, deserializeSchema, schemaFields } from './schema/schema.ts';
import { type OrderKey, type OrderTerm, orderFiles, orderKeys, orderTerms } from './sort.ts';
import { type SortInput, type SortSize, sortedRanges, sortedSql } from './sort-ranges.ts';
import type { StorageAccess } from './storage/access.ts';
import { vendedAccess } from './storage/vended-access.ts';
import {
  forgetSql,
  forgetSurvivors,
  measureRows,
  type Ordinals,
  ordinalSql,
  SURVIVORS,
  type Survivors,
  survivesSql,
} from './survivors.ts';

/**
 * Turns a plan into rows: reads its files, merges them by key where the plan asks for it, and gives the columns of the
 * table's schema, whatever the files' own. A table without a schema gives the list of its files. Throws
 * `invalid_request` for a plan that was asked without files, `unknown_column`, `invalid_predicate`, `not_supported`; and while
 * reading `schema_mismatch`, naming file and column, when a file does not fit the schema, `data_missing` when one is gone, `invalid_entry` when one
 * cannot be read, and `service_unavailable` when memory and disk do not suffice: what was handed out until then is not all. Two types lose their nanoseconds
 * in DuckDB: timestamp[ns] with a zone and time64[ns] are read to the microsecond.
 */
export function executePlan(plan: ReadPlan, options: ExecuteOptions = {}): PlanRows {
  if (plan.scan_tasks.length === 0 && plan.returned_files === 0 && plan.total_files > 0) {
    throw new DeltacatError(
      'invalid_request',
      `The plan of ${plan.namespace}.${plan.table} lists none of its ${plan.total_files} files; plan again with include_files=true.`,
    );
  }
  const schema = targetSchema(plan);
  if (schema === null) {
    const table = manifestTable(plan, options);
    return planRows(table.schema, async function* () {
      yield* table.batches;
    });
  }
  const reading = planReading(plan, schema, options);
  return planRows(reading.schema, () => readBatches(plan, reading));
}

/** All rows of a plan as one query of a session, which is valid until this is disposed of. */
export interface SelectedPlan extends AsyncDisposable {
  schema: Schema;
  /** Null when there are no files. */
  sql: string | null;
  /** What gives back what the session keeps for it. */
  forget: string[];
  /** What a query of it that failed is told: `data_missing` when a file is gone. */
  explain(error: unknown): Promise<unknown>;
}

/**
 * Makes the rows of a plan ready to be selected from in a session: the rows that `executePlan` gives, in their order. What is
 * read at once is footers, and the keys where rows are merged, whose survivors variables of the name given then hold. Null for
 * a table without a schema, whose list of files is no data.
 */
export async function selectPlan(
  session: Session,
  plan: ReadPlan,
  { survivors, ...options }: ExecuteOptions & { survivors: string },
): Promise<SelectedPlan | null> {
  const target = targetSchema(plan);
  if (target === null) return null;
  const reading = planReading(plan, target, options);
  const { schema, page, units } = reading;
  const unit = { files: units.flatMap(({ files }) => files), deletes: units.flatMap(({ deletes }) => deletes) };
  const explain = (error: unknown) => explainFailure(error, { files: unitFiles(unit), access: reading.access });
  if (unit.files.length === 0 || page.left <= 0) {
    return { schema, sql: null, forget: [], explain, [Symbol.asyncDispose]: async () => {} };
  }
  try {
    const opened = await openUnit(session, { plan, reading, unit, variable: survivors });
    const forget = opened.survivors === null ? [] : forgetSql(opened.survivors);
    const sql = `${sortedSql(opened.rows)}${pageSql(page)}`;
    return { schema, sql, forget, explain, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
  } catch (error) {
    throw await explain(error);
  }
}

function targetSchema({ schema, schema_serialized }: ReadPlan): Schema | null {
  if (schema_serialized != null) return deserializeSchema(schema_serialized);
  return schema == null ? null : arrowSchema(schema);
}

/** Everything that was decided before the first file is opened. */
interface Reading {
  target: Schema;
  fields: SchemaField[];
  output: Field[];
  /** The schema of the result: `output`, and the path when it was asked for. */
  schema: Schema;
  path_column: string | null;
  filter: Predicate | null;
  order: OrderKey[];
  merge_order: OrderKey[];
  /** The columns that rows are merged and deleted by. */
  merged_by: string[];
  units: ReadUnit[];
  access: StorageAccess;
  /** Which of the units' rows are wanted. */
  page: RowPage;
  options: ExecuteOptions;
}

function planReading(plan: ReadPlan, target: Schema, options: ExecuteOptions): Reading {
  const fields = schemaFields(target);
  const output = outputFields(target, options);
  const path_column = options.file_path_column ?? null;
  const merging = plan.requires_mor;
  const filter =
    options.filter && Object.keys(options.filter).length > 0 ? bindPredicate(options.filter, fields) : null;
  const page = rowPage(options);
  // Rows that are merged or left out cannot be counted before.
  const paged = merging || filter !== null ? null : pageFiles(orderFiles(plan, target), page);
  const skip = paged?.skip ?? page.skip;
  const units = merging ? mergeUnits(plan) : appendUnits(paged?.files ?? orderFiles(plan, target), skip + page.left);
  return {
    target,
    fields,
    output,
    schema: new Schema([...output, ...(path_column === null ? [] : [pathField(path_column)])], target.metadata),
    path_column,
    filter,
    order: merging ? orderKeys(plan.sort_scheme?.keys, target) : [],
    merge_order: merging ? orderKeys(plan.mor_plan?.sort_keys, target) : [],
    merged_by: merging ? mergedBy(plan, units) : [],
    units,
    access: options.access ?? vendedAccess(plan),
    page: { ...page, skip },
    options,
  };
}

function mergedBy({ merge_keys }: ReadPlan, units: ReadUnit[]): string[] {
  const deleted = units.flatMap(({ deletes }) => deletes.flatMap(({ columns }) => columns));
  return [...new Set([...(merge_keys ?? []), ...deleted])];
}

function outputFields(target: Schema, { columns, file_path_column }: ExecuteOptions): Field[] {
  const known = new Map(target.fields.map((field) => [field.name, field]));
  const output = (columns ?? [...known.keys()]).map((name) => {
    const field = known.get(name);
    if (field !== undefined) return field;
    throw new DeltacatError(
      'unknown_column',
      `The table has no column "${name}"; it has ${[...known.keys()].join(', ')}.`,
    );
  });
  if (output.length === 0) throw new DeltacatError('invalid_request', 'A read needs at least one column.');
  if (new Set(output).size < output.length) {
    throw new DeltacatError('invalid_request', 'A column is asked for twice; name each column once.');
  }
  if (file_path_column != null && known.has(file_path_column)) {
    throw new DeltacatError(
      'invalid_request',
      `The table has a column "${file_path_column}"; name the path column otherwise.`,
    );
  }
  return output;
}

async function* readBatches(plan: ReadPlan, reading: Reading): AsyncGenerator<RecordBatch> {
  const { memory_limit_mb, signal } = reading.options;
  const { units } = reading;
  const page = { ...reading.page };
  if (page.left <= 0 || units.length === 0) return;
  using session = await openSession({ memory_limit_mb: memory_limit_mb ?? undefined, signal: signal ?? undefined });
  for (const unit of units) {
    try {
      for await (const batch of readUnit(session, { plan, reading, unit, page, variable: SURVIVORS })) {
        page.left -= batch.numRows;
        yield batch;
      }
    } catch (error) {
      const { access, ...options } = scanning({ plan, reading });
      const again = { session, ...options, wanted: wantedColumns(reading) };
      throw await explainFailure(error, { files: unitFiles(unit), access, again });
    }
    if (page.left <= 0) return;
  }
}

function unitFiles({ files, deletes }: ReadUnit): DataFile[] {
  return [...files, ...deletes].map(({ file }) => file);
}

interface UnitInput {
  plan: ReadPlan;
  reading: Reading;
  unit: ReadUnit;
  /** What its survivors are called in the session. */
  variable: string;
}

async function* readUnit(session: Session, input: UnitInput & { page: RowPage }): AsyncGenerator<RecordBatch> {
  const { reading, unit, page } = input;
  await using opened = await openUnit(session, input);
  const { rows, survivors, size } = opened;
  const isLast = unit === reading.units.at(-1);
  if (isLast || !(await isSkipped(session, rows, page))) {
    const { output: fields, schema } = reading;
    const ranges = await sortedRanges(session, rows, { ...size, fields, first: page.skip + page.left });
    for (const [index, range] of ranges.entries()) {
      const isEnd = isLast && index === ranges.length - 1;
      if (ranges.length > 1 && !isEnd && (await isSkipped(session, range, page))) continue;
      const sql = `${sortedSql(range)}${pageSql(page)}`;
      page.skip = 0;
      yield* recordBatches(session.chunks(sql), { schema, bytes_max: session.batch_bytes_max });
      if (page.left <= 0) break;
    }
  }
  if (survivors !== null) await forgetSurvivors(session, survivors);
}

/** Whether a page begins after some rows, which are then counted, not fetched. */
async function isSkipped(session: Session, rows: SortInput, page: RowPage): Promise<boolean> {
  if (page.skip === 0) return false;
  const [row] = await session.rows(`SELECT count(*) FROM (${sortedSql({ ...rows, terms: [] })})`);
  const count = Number(row?.[0] ?? 0);
  if (count > page.skip) return false;
  page.skip -= count;
  return true;
}

/** The files of a unit, opened, and merged where need be. */
interface OpenUnit extends AsyncDisposable {
  rows: SortInput;
  size: Pick<SortSize, 'rows' | 'file_bytes'>;
  /** Those of a unit that was merged. */
  survivors: Survivors | null;
}

async function openUnit(session: Session, input: UnitInput): Promise<OpenUnit> {
  const { plan, reading, unit } = input;
  const files = unit.files.map(({ file }) => file);
  const data = await openScan(session, files, { ...scanning(input), wanted: wantedColumns(reading) });
  try {
    const merged = plan.requires_mor && (unit.deletes.length > 0 || (plan.merge_keys ?? []).length > 0);
    const ordered = data.inOrder && reading.order.length === 0 && reading.merge_order.length === 0;
    const ordinals = merged || !ordered ? await measureRows(session, data) : null;
    const merge = merged && ordinals !== null ? { ...input, data, ordinals } : null;
    const survivors = merge && (await mergeUnit(session, merge));
    const rows = unitRows({ reading, unit, data, ordinals, survivors, ordered });
    const size = {
      rows: ordinals?.count ?? 0,
      file_bytes: files.reduce((sum, { content_length }) => sum + content_length, 0),
    };
    return { rows, size, survivors, [Symbol.asyncDispose]: () => data[Symbol.asyncDispose]() };
  } catch (error) {
    await data[Symbol.asyncDispose]();
    throw error;
  }
}

async function mergeUnit(
  session: Session,
  { plan, reading, unit, variable, data, ordinals }: UnitInput & { data: Scan; ordinals: Ordinals },
): Promise<Survivors> {
  const files = unit.deletes.map(({ file }) => file);
  const wanted = new Set(unit.deletes.flatMap(({ columns }) => columns));
  await using deletes = await openScan(session, files, { ...scanning({ plan, reading }), wanted });
  const names = new Set(plan.merge_keys ?? []);
  const input: MergeInput = {
    unit,
    data,
    deletes,
    ordinals,
    survivors: variable,
    keys: [...names],
    order: reading.merge_order,
    schema_fields: reading.target.fields,
    key_filter: reading.filter && conjunctsOver(reading.filter, names),
    fields: reading.fields,
  };
  // Awaited, so that the files are not given up before they are read.
  return await markSurvivors(session, input);
}

function scanning({ plan, reading }: Pick<UnitInput, 'plan' | 'reading'>): Omit<ScanOptions, 'wanted'> {
  const fieldsOf = (file: DataFile) => writtenFields(plan, file) ?? reading.fields;
  return { fieldsOf, access: reading.access };
}

/** Every column that is looked at: what is beside the output is for the merge, the filter and the order alone. */
function wantedColumns({ output, filter, order, merge_order, merged_by }: Reading): Set<string> {
  const wanted = new Set([...output.map(({ name }) => name), ...merged_by]);
  for (const { column } of [...order, ...merge_order]) wanted.add(column);
  if (filter !== null) for (const name of predicateColumns(filter)) wanted.add(name);
  return wanted;
}

/** The schema by which a file was written, when the plan knows it. */
function writtenFields({ schemas_by_id, schemas_serialized_by_id }: ReadPlan, file: DataFile): SchemaField[] | null {
  if (file.schema_id == null) return null;
  const serialized = schemas_serialized_by_id?.[file.schema_id];
  if (serialized !== undefined) return schemaFields(deserializeSchema(serialized));
  return schemas_by_id?.[file.schema_id] ?? null;
}

interface RowsInput {
  reading: Reading;
  unit: ReadUnit;
  data: Scan;
  ordinals: Ordinals | null;
  survivors: Survivors | null;
  ordered: boolean;
}

/** The rows of a unit in their order. What is selected beside the output is for the filter and the order alone. */
function unitRows({ reading, unit, data, ordinals, survivors, ordered }: RowsInput): SortInput {
  const { target, output, path_column, filter, order, merge_order, fields } = reading;
  const needed = wantedColumns({ ...reading, merged_by: [] });
  const columns = target.fields.filter(({ name }) => needed.has(name));
  const rows = unionSql(data, (relation) => {
    const selected = columnsSql(relation, columns, data.files);
    if (path_column !== null) selected.push(`${filePathSql(relation, data.files)} AS ${PATH}`);
    if (!ordered && ordinals !== null) {
      selected.push(`${fileNumberSql(relation, (place) => unit.files[place]?.group ?? 0)} AS ${GROUP}`);
      selected.push(`${fileNumberSql(relation, (place) => unit.files[place]?.rank ?? 0)} AS ${RANK}`);
      selected.push(`${ordinalSql(relation, ordinals)} AS ${ORDINAL}`);
    }
    const survives = survivors && ordinals ? ` WHERE ${survivesSql(relation, ordinals, survivors)}` : '';
    return `${selected.join(', ')} FROM ${relation.from_sql}${survives}`;
  });
  const names = output.map(({ name }) => quoteIdentifier(name));
  if (path_column !== null) names.push(`${PATH} AS ${quoteIdentifier(path_column)}`);
  const where = filter === null ? '' : ` WHERE ${predicateSql(filter, fields)}`;
  const byNumber = (value: string): OrderTerm => ({ value, order: 'ASC NULLS LAST' });
  return {
    select_sql: names.join(', '),
    from_sql: `(${rows})${where}`,
    terms: ordered
      ? []
      : [byNumber(GROUP), ...orderTerms(order), byNumber(RANK), ...orderTerms(merge_order), byNumber(ORDINAL)],
  };
}

const PATH = '__deltacat_path';
const GROUP = '__deltacat_group';
const RANK = '__deltacat_rank';
const ORDINAL = '__deltacat_ordinal';
