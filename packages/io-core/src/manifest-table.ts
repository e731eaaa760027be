import { type DataFile, DeltacatError, type ReadPlan, type ScanTask } from '@deltacat/contract';
import { Bool, type DataType, Field, Int64, makeData, RecordBatch, Schema, Struct, Table, Utf8 } from 'apache-arrow';
import { buildColumn } from './columns/build.ts';
import type { ExecuteOptions } from './plan-rows.ts';
import { bindPredicate, matchesRow } from './predicate/predicate.ts';
import { rowPage } from './row-page.ts';
import { schemaFields } from './schema/schema.ts';

interface ManifestColumn {
  name: string;
  type: DataType;
  read(file: DataFile, task: ScanTask): unknown;
  /** Left out when no file has a value. */
  optional?: boolean;
}

/** The columns of a manifest table, named and ordered as the Python clients name and order them. */
const COLUMNS: ManifestColumn[] = [
  { name: 'id', type: new Utf8(), read: ({ id }) => id },
  { name: 'mandatory', type: new Bool(), read: ({ mandatory }) => mandatory },
  { name: 'meta_content_encoding', type: new Utf8(), read: (file) => file.content_encoding },
  { name: 'meta_content_length', type: new Int64(), read: (file) => file.content_length },
  { name: 'meta_content_type', type: new Utf8(), read: (file) => file.content_type },
  { name: 'meta_record_count', type: new Int64(), read: (file) => file.record_count },
  { name: 'meta_source_content_length', type: new Int64(), read: (file) => file.source_content_length },
  { name: 'path', type: new Utf8(), read: ({ path }) => path },
  { name: 'meta_schema_id', type: new Utf8(), read: (file) => text(file.schema_id), optional: true },
  { name: 'meta_sort_scheme_id', type: new Utf8(), read: (file) => text(file.sort_scheme_id), optional: true },
  { name: 'author_name', type: new Utf8(), read: (_, task) => task.author_name, optional: true },
  { name: 'author_version', type: new Utf8(), read: (_, task) => task.author_version, optional: true },
  { name: 'stream_position', type: new Int64(), read: (_, task) => task.stream_position, optional: true },
  {
    name: 'previous_stream_position',
    type: new Int64(),
    read: (_, task) => task.previous_stream_position,
    optional: true,
  },
];

function text(id: string | number | null | undefined): string | null {
  return id == null ? null : String(id);
}

type Row = Map<string, unknown>;

/**
 * The table of a plan without a schema: one row per file, for data that is files rather than rows. Filter, columns, limit
 * and offset apply to it as to any table.
 */
export function manifestTable(plan: ReadPlan, { columns, filter, ...paging }: ExecuteOptions): Table {
  const rows = plan.scan_tasks.flatMap((task) => task.files.map((file) => rowOf(file, task)));
  const present = COLUMNS.filter(({ name, optional }) => !optional || rows.some((row) => row.get(name) != null));
  const schema = new Schema(present.map(({ name, type }) => new Field(name, type, true)));
  const bound = filter && Object.keys(filter).length > 0 ? bindPredicate(filter, schemaFields(schema)) : null;
  const kept = rows.filter((row) => bound === null || matchesRow(bound, (column) => row.get(column)) === true);
  const wanted = (columns ?? present.map(({ name }) => name)).map((name) => {
    const field = schema.fields.find((known) => known.name === name);
    if (field !== undefined) return field;
    throw new DeltacatError('unknown_column', `The list of files has no column "${name}".`);
  });
  const { skip, left } = rowPage(paging);
  return tableOfRows(new Schema(wanted), kept.slice(skip, skip + left));
}

function rowOf(file: DataFile, task: ScanTask): Row {
  return new Map(COLUMNS.map(({ name, read }) => [name, read(file, task) ?? null]));
}

function tableOfRows(schema: Schema, rows: Row[]): Table {
  const children = schema.fields.map(({ name, type }) =>
    buildColumn({
      name,
      type,
      nullable: true,
      exact: true,
      length: rows.length,
      valueAt: (row) => rows[row]?.get(name),
    }),
  );
  const data = makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children });
  return new Table(schema, [new RecordBatch(schema, data)]);
}
