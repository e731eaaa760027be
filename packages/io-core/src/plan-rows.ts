import type { Predicate } from '@deltacat/contract';
import { type RecordBatch, type Schema, Table } from 'apache-arrow';
import { type ColumnValues, columnValues } from './columns/values.ts';
import { rowObjects } from './row-values.ts';
import type { StorageAccess } from './storage/access.ts';

/** What is wanted of a plan's rows. */
export interface ExecuteOptions {
  /** The columns of the result, in this order; all of the table's when left out. */
  columns?: string[] | null;
  /** Only rows for which it is true. */
  filter?: Predicate | null;
  /** At most so many rows, after those that `offset` skips. */
  limit?: number | null;
  /** Skip so many rows of the result. Files that hold none but skipped rows are not opened where nothing is merged or filtered. */
  offset?: number | null;
  /** Adds a last column of this name, which tells the path of each row's file. */
  file_path_column?: string | null;
  /** The most memory that the process may take for this read, itself included; more goes to disk. */
  memory_limit_mb?: number | null;
  /** How its files are reached; by what the plan vends when left out. */
  access?: StorageAccess | null;
  /** Stops the read when it is aborted; the read then fails with the signal's reason. */
  signal?: AbortSignal | null;
}

/** The rows of a plan, not read yet: each call reads them anew. Their order is always the same. */
export interface PlanRows {
  schema: Schema;
  /** Rows as they come; at most some hundred thousand are in memory. Leaving the loop early ends the query. */
  batches(): AsyncIterable<RecordBatch>;
  /** All rows in one table. */
  table(): Promise<Table>;
  /**
   * All rows as plain objects: 64-bit integers are `bigint`, whatever their size; other numbers `number`; decimals and times
   * (ISO, to their last digit) strings; binary values `Uint8Array`; lists arrays, structs objects, maps arrays of `{ key, value }`. For small results:
   * a million rows take 4 s.
   */
  objects(): Promise<Record<string, unknown>[]>;
  /** All rows by columns, see {@link ColumnValues}: numbers and times without an object for each of them. */
  columns(): Promise<Record<string, ColumnValues>>;
}

/** Rows from what produces their batches. */
export function planRows(schema: Schema, batches: () => AsyncIterable<RecordBatch>): PlanRows {
  const table = async () => {
    const all = await Array.fromAsync(batches());
    return new Table(schema, all);
  };
  return {
    schema,
    batches,
    table,
    objects: async () => {
      const rows: Record<string, unknown>[] = [];
      // One by one: a batch has more rows than a call can take arguments.
      for await (const batch of batches()) for (const row of rowObjects(batch)) rows.push(row);
      return rows;
    },
    columns: () => columnValues(schema, batches()),
  };
}
