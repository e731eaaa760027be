import { type Api, DeltacatError, INLINE_ROWS_MAX, type InputOf, type SchemaField } from '@deltacat/contract';
import { inferType, typeAlias, writeRows } from '@deltacat/io-core';
import { idempotency } from '../catalog/idempotency.ts';
import type { Handler, RequestContext } from '../context.ts';
import type { Properties } from '../db/tables.ts';
import { accessTo } from '../roots/access.ts';
import { type Catalog, catalogNamed } from '../roots/catalogs.ts';
import { chooseRoot } from '../roots/data-roots.ts';
import { viewHead } from '../snapshots/view.ts';
import { propertiesOf } from './checked-files.ts';
import { commitFiles, type FileWrite, type Written } from './commit.ts';
import { evolutionMode } from './evolve.ts';
import { folderFor } from './folder.ts';
import { refuseUnfitMode } from './modes.ts';
import { findRepeated } from './repeated.ts';
import type { CreateIfMissing } from './table-making.ts';
import { type Aim, findTarget, type Shape, shapeOf } from './target.ts';

type Input = InputOf<Api['write_data']>;

/** Rows that travel in a request, by columns of one length. */
type Columns = Record<string, unknown[]>;

/** Writes a few rows that travel in the request: turns them into a file of the table, and commits it like any other. */
export const writeData: Handler<'write_data'> = async (context, input) => {
  const columns = readColumns(input.data);
  const { namespace, table, mode } = input;
  const write = {
    catalog: catalogNamed(context, input.catalog),
    aim: { namespace, table, mode, table_version: input.table_version ?? null, identity: null, opened_seq: null },
    operation: 'write_data',
    idempotency: idempotency(input),
  };
  const answer =
    (await findRepeated<Written>(context, write)) ??
    (await commitRows(context, { ...write, columns, message: input.commit_message ?? null, input }));
  const { total_records, deltas_written, seq, committed_at_ns } = answer;
  return { table, written: true, records: total_records, deltas_written, seq, committed_at_ns };
};

interface RowWrite extends Pick<FileWrite, 'catalog' | 'aim' | 'operation' | 'message' | 'idempotency'> {
  columns: Columns;
  input: Input;
}

async function commitRows(context: RequestContext, write: RowWrite) {
  const { columns, input, ...rest } = write;
  const format = input.content_type ?? 'parquet';
  const { shape, table_id, properties } = await findShape(context, write.catalog, write.aim);
  const create_if_missing = shape ? null : creationFrom(columns);
  const root = await chooseRoot(context, write.catalog, input.root);
  const data_dir = folderFor(root, { table_id, id: context.newId() });
  const access = await accessTo(context, [data_dir]);
  const schema = shape ? shape.fields : (create_if_missing?.schema_def as SchemaField[] | undefined);
  const target = {
    ...{ ...shape, schema, schema_serialized: shape?.serialized, data_dir, access, mode: input.mode, format },
    schema_evolution_mode: evolutionMode(properties, input.mode),
  };
  const entries = rowCount(columns) === 0 ? [] : await writeRows(columns, target);
  try {
    return await commitFiles(context, { ...rest, entries, format, data_dir, create_if_missing });
  } catch (error) {
    // An answer of 503 leaves open what became durable; every other refusal means that nothing names the files.
    const isRefused = error instanceof DeltacatError && error.code !== 'service_unavailable';
    if (isRefused) await Promise.all(entries.map(({ path }) => access.open(path).remove(path)));
    throw error;
  }
}

/** What rows of the table look like; null when the table is missing and this write will make it. */
async function findShape(
  context: RequestContext,
  catalog: Catalog,
  aim: Aim,
): Promise<{ shape: Shape | null; table_id: string | null; properties: Properties }> {
  const { reader } = context.db;
  const target = await findTarget(reader, await viewHead(reader, catalog.catalog_id), aim);
  const shape = target.version && (await shapeOf(reader, target.name, target.version));
  if (shape) refuseUnfitMode(aim, shape);
  return { shape, table_id: target.table?.table.table_id ?? null, properties: propertiesOf(target, null) };
}

/** Rows as columns. Throws `payload_too_large` for too many, `invalid_request` for columns of different lengths. */
function readColumns(data: Input['data']): Columns {
  const columns = Array.isArray(data) ? columnsOf(data) : data;
  const rows = Array.isArray(data) ? data.length : rowCount(columns);
  if (rows > INLINE_ROWS_MAX) {
    throw new DeltacatError(
      'payload_too_large',
      `${rows} rows were sent; at most ${INLINE_ROWS_MAX} travel in a request. Write files through a write session.`,
      { rows, rows_max: INLINE_ROWS_MAX },
    );
  }
  const ragged = Object.entries(columns).find(([, values]) => values.length !== rows);
  if (!ragged) return columns;
  throw new DeltacatError(
    'invalid_request',
    `Column "${ragged[0]}" has ${ragged[1].length} values and another has ${rows}. Send columns of one length; null stands for a missing value.`,
    { column: ragged[0] },
  );
}

function columnsOf(rows: Record<string, unknown>[]): Columns {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return Object.fromEntries([...names].map((name) => [name, rows.map((row) => row[name] ?? null)]));
}

function rowCount(columns: Columns): number {
  return Math.max(0, ...Object.values(columns).map(({ length }) => length));
}

/** The table that rows ask for when there is none: JSON's own types; a column of nulls alone may become text. */
function creationFrom(columns: Columns): CreateIfMissing | null {
  const fields = Object.entries(columns).map(([name, values]) => {
    const type = typeAlias(inferType(name, values));
    return { name, type: type === 'null' ? 'string' : type };
  });
  return fields.length === 0 ? null : { schema_def: fields };
}
