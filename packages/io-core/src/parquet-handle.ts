import { type DataFile, DeltacatError, type ReadPlan } from '@deltacat/contract';
import { type Field, type RecordBatch, Schema } from 'apache-arrow';
import { recordBatches } from './duckdb/record-batches.ts';
import { openSession } from './duckdb/session.ts';
import { explainFailure } from './failed-files.ts';
import { FILE_ROW_COLUMN } from './formats/format.ts';
import { type ParquetFooter, readParquetFooter } from './formats/parquet-footer.ts';
import { parquetSchema } from './formats/parquet-schema.ts';
import { type ExecuteOptions, type PlanRows, planRows } from './plan-rows.ts';
import { columnsSql, openScan, unionSql } from './scan.ts';
import type { StorageAccess } from './storage/access.ts';
import { vendedAccess } from './storage/vended-access.ts';
import { wholeFiles } from './whole-files.ts';

/** What the footer of a Parquet file says of it. */
export interface ParquetDescription {
  schema: Schema;
  record_count: number;
  size_bytes: number;
  /** In their order. */
  row_groups: { record_count: number }[];
  /** What its writer noted beside the columns, such as pandas' metadata. */
  key_values: ReadonlyMap<string, string>;
}

/** What to read of a Parquet file. */
export interface ParquetRead extends Pick<ExecuteOptions, 'memory_limit_mb' | 'signal'> {
  /** The columns of the result, in this order; all of the file's when left out. */
  columns?: string[] | null;
  /** The numbers of row groups to read, from 0; all when left out. They come in the order of the file. */
  row_groups?: number[] | null;
}

/**
 * One Parquet file of a plan, as it is: with the columns and types that it was written with. Nothing is read before it is asked
 * for. It can be written as it is, batch by batch.
 */
export class ParquetHandle {
  readonly path: string;
  readonly #file: DataFile;
  readonly #access: StorageAccess;
  #footer: Promise<ParquetFooter> | null = null;

  constructor(file: DataFile, access: StorageAccess) {
    this.path = file.path;
    this.#file = file;
    this.#access = access;
  }

  /** Reads the footer, once. Rejects with `data_missing` when the file is gone, `invalid_entry` when it is not Parquet. */
  async describe(): Promise<ParquetDescription> {
    const footer = await this.#readFooter();
    return {
      schema: parquetSchema(footer),
      record_count: footer.num_rows,
      size_bytes: footer.size_bytes,
      row_groups: footer.row_groups.map(({ num_rows }) => ({ record_count: num_rows })),
      key_values: footer.key_values,
    };
  }

  /** Some of its rows and columns. Rejects with `unknown_column`, and `invalid_request` for row groups that it does not have. */
  async read(wanted: ParquetRead = {}): Promise<PlanRows> {
    const { schema, row_groups } = await this.describe();
    const fields = fieldsOf(schema, wanted.columns ?? null, this.path);
    const ranges = wanted.row_groups ? rangesOf(row_groups, wanted.row_groups, this.path) : null;
    return planRows(new Schema(fields, schema.metadata), () => this.#batches(fields, { ...wanted, ranges }));
  }

  /** All its rows, batch by batch. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBatch> {
    yield* (await this.read()).batches();
  }

  async #readFooter(): Promise<ParquetFooter> {
    this.#footer ??= readParquetFooter(this.path, this.#access);
    try {
      return await this.#footer;
    } catch (error) {
      this.#footer = null;
      throw await explainFailure(error, { files: [this.#file], access: this.#access });
    }
  }

  async *#batches(
    fields: Field[],
    { ranges, signal, memory_limit_mb }: ParquetRead & { ranges: Range[] | null },
  ): AsyncGenerator<RecordBatch> {
    if (ranges?.length === 0) return;
    using session = await openSession({ memory_limit_mb: memory_limit_mb ?? undefined, signal: signal ?? undefined });
    const files = [this.#file];
    const options = { fieldsOf: () => [], wanted: new Set(fields.map(({ name }) => name)) };
    try {
      await using data = await openScan(session, files, { ...options, access: this.#access });
      const where = ranges === null ? '' : ` WHERE ${ranges.map(rangeSql).join(' OR ')}`;
      const sql = unionSql(data, (relation) => {
        return `${columnsSql(relation, fields, data.files).join(', ')} FROM ${relation.from_sql}${where}`;
      });
      const batches = { schema: new Schema(fields), bytes_max: session.batch_bytes_max };
      yield* recordBatches(session.chunks(sql), batches);
    } catch (error) {
      throw await explainFailure(error, { files, access: this.#access, again: { session, ...options } });
    }
  }
}

/** Handles of the files of a plan, in their order; none for a plan without files. Throws `not_supported` as `wholeFiles` does. */
export function parquetHandles(plan: ReadPlan, { access }: Pick<ExecuteOptions, 'access'> = {}): ParquetHandle[] {
  const reach = access ?? vendedAccess(plan);
  return wholeFiles(plan, 'parquet').map((file) => new ParquetHandle(file, reach));
}

function fieldsOf({ fields }: Schema, columns: string[] | null, path: string): Field[] {
  if (columns === null) return [...fields];
  if (columns.length === 0 || new Set(columns).size < columns.length) {
    throw new DeltacatError('invalid_request', 'A read needs at least one column, and each only once.');
  }
  return columns.map((name) => {
    const field = fields.find((known) => known.name === name);
    if (field !== undefined) return field;
    const known = fields.map((each) => each.name).join(', ');
    throw new DeltacatError('unknown_column', `${path} has no column "${name}"; it has ${known}.`);
  });
}

/** Rows by their numbers in the file: `from`, and those up to `to`. */
interface Range {
  from: number;
  to: number;
}

function rangesOf(groups: { record_count: number }[], wanted: number[], path: string): Range[] {
  let end = 0;
  const ranges = groups.map(({ record_count }) => {
    end += record_count;
    return { from: end - record_count, to: end };
  });
  return wanted.map((number) => {
    const range = ranges[number];
    if (range !== undefined) return range;
    const message = `${path} has no row group ${number}; it has ${groups.length}, numbered from 0.`;
    throw new DeltacatError('invalid_request', message);
  });
}

function rangeSql({ from, to }: Range): string {
  return `(${FILE_ROW_COLUMN} >= ${from} AND ${FILE_ROW_COLUMN} < ${to})`;
}
