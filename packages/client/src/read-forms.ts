import { DeltacatError, type ReadPlan as PlanAnswer } from '@deltacat/contract';
import type {
  ColumnValues,
  DuckRelation,
  LanceHandle,
  ParquetHandle,
  PlanRows,
  RelationOptions,
} from '@deltacat/io-core';
import type { RecordBatch, Table } from 'apache-arrow';

/**
 * What rows come as: an Arrow `Table`, an array of objects, a `ColumnValues` for each column by its name, Arrow `RecordBatch`es
 * one after another, a view in DuckDB, or the Parquet files or Lance datasets that hold them.
 */
export interface ReadResults {
  arrow: Table;
  objects: Record<string, unknown>[];
  columns: Record<string, ColumnValues>;
  batches: AsyncIterable<RecordBatch>;
  duckdb: DuckRelation;
  parquet: ParquetHandle[];
  lance: LanceHandle[];
}
/** The name of a form that rows come in. */
export type ReadAs = keyof ReadResults;

/** What is read, and how. */
interface FormInput {
  plan: PlanAnswer;
  options: RelationOptions;
}

type Form<As extends ReadAs> = (input: FormInput) => Promise<ReadResults[As]>;

const FORMS: { [As in ReadAs]: Form<As> } = {
  arrow: async (input) => (await rowsOf(input)).table(),
  objects: async (input) => (await rowsOf(input)).objects(),
  columns: async (input) => (await rowsOf(input)).columns(),
  batches: async (input) => (await rowsOf(input)).batches(),
  duckdb: async ({ plan, options }) => (await engine()).openRelation(plan, options),
  parquet: async ({ plan, options }) => {
    refuseRows(options);
    return (await engine()).parquetHandles(plan, options);
  },
  lance: async ({ plan, options }) => {
    refuseRows(options);
    return (await engine()).lanceHandles(plan, options);
  },
};

async function rowsOf({ plan, options }: FormInput): Promise<PlanRows> {
  return (await engine()).executePlan(plan, options);
}

/** Loaded when rows are first read: it takes as long as all the rest of the client, about 0.2 s. */
export function engine() {
  return import('@deltacat/io-core');
}

/** Files are whole: what picks rows would be passed over without a word. */
function refuseRows({ limit, offset, file_path_column }: RelationOptions): void {
  if (limit == null && offset == null && file_path_column == null) return;
  throw new DeltacatError(
    'invalid_request',
    'Files have no rows_limit, rows_offset or file_path_column. Leave them out, or read as arrow, batches or duckdb.',
  );
}

/** How to bring rows into a form; asked before anything is read. */
export function formOf<As extends ReadAs>(read_as: As | undefined, options: RelationOptions): Form<As> {
  const form = FORMS[read_as ?? ('arrow' as As)]; // the default of As, by the signatures of Catalog
  if (form === undefined) {
    const known = Object.keys(FORMS).join(', ');
    const message = `Rows cannot be read as "${read_as}" here. Choose ${known}; the official Python client has more.`;
    throw new DeltacatError('not_supported', message);
  }
  if (read_as !== 'duckdb' && (options.connection || options.name)) {
    const message = 'connection and relation_name are of read_as "duckdb". Leave them out, or read as that.';
    throw new DeltacatError('invalid_request', message);
  }
  return form;
}
