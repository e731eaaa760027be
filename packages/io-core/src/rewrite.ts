import { DeltacatError, type ReadPlan, type WriteEntry } from '@deltacat/contract';
import { DataType, type RecordBatch, type Schema, Table } from 'apache-arrow';
import { carrierLoss } from './duckdb/carrier.ts';
import { executePlan } from './execute.ts';
import { FORMATS } from './formats/format.ts';
import { writeParquetBatches } from './formats/parquet-file.ts';
import { groupCount } from './partition-group.ts';
import type { PlanRows } from './plan-rows.ts';
import type { FileStats } from './predicate/predicate.ts';
import { tableOf } from './rows.ts';
import { schemaFields } from './schema/schema.ts';
import { mergeStats, tableStats } from './stats.ts';
import { ambientAccess } from './storage/access.ts';
import { entryOf, filePaths, RECORDS_PER_FILE, targetRows, type WriteTarget } from './write.ts';
import { writtenOrder } from './write-order.ts';

/** The most Arrow bytes of one file, so that rows of pictures make no file that is too large to be read in part. */
const FILE_BYTES_MAX = 512 * 2 ** 20;

/**
 * Writes the rows of one partition group, merged, as new files, and tells the entries that stand for them. The rows and their
 * values are those that the plan reads as; their order is the sort scheme's, then the merge keys'. Refuses with
 * `merge_unsupported_by_client`, before anything is written, what would not survive: a rewrite never alters a value.
 * When it fails later, the files written so far are removed. Rows go from the merge to the files batch by batch: how
 * many there are makes no difference to the memory it takes.
 */
export async function rewritePlan(plan: ReadPlan, target: WriteTarget): Promise<{ entries: WriteEntry[] }> {
  if (groupCount(plan) > 1) {
    throw new DeltacatError(
      'invalid_request',
      'A rewrite is of one partition; plan each partition by itself, so that rows of one key in two of them stay two.',
    );
  }
  const entries: WriteEntry[] = [];
  const access = target.access ?? ambientAccess;
  try {
    const rows = executePlan(sortedPlan(plan, target), { access });
    refuseLosses(rows.schema);
    await using source = new BatchSource(rows);
    const pathOf = filePaths(target, FORMATS.parquet.extension);
    while (await source.hasRows()) entries.push(await writeFile(source, pathOf(entries.length), target));
    return { entries };
  } catch (error) {
    await Promise.allSettled(entries.map(({ path }) => access.open(path).remove(path)));
    if (error instanceof DeltacatError && error.code === 'not_supported') throw unsupported(error.message, error);
    throw error;
  }
}

/** Rows are sorted as a whole, so that the key ranges of several files do not overlap and can be pruned by. */
function sortedPlan(plan: ReadPlan, target: WriteTarget): ReadPlan {
  const keys = writtenOrder(target);
  if (keys.length === 0) return { ...plan, sort_scheme: null };
  return {
    ...plan,
    requires_mor: true,
    merge_keys: plan.requires_mor ? (plan.merge_keys ?? []) : [],
    sort_scheme: { keys },
  };
}

function refuseLosses(schema: Schema): void {
  for (const { name, type } of schema.fields) {
    const loss = carrierLoss(type);
    if (loss !== null) throw unsupported(`Column "${name}" is of type ${type}: ${loss}.`);
  }
}

function unsupported(reason: string, cause?: Error): DeltacatError {
  return new DeltacatError(
    'merge_unsupported_by_client',
    `The files cannot be rewritten without a loss; read the table with a client that merges by itself. ${reason}`,
    { cause },
  );
}

/** Writes the rows of one file. */
async function writeFile(source: BatchSource, path: string, target: WriteTarget): Promise<WriteEntry> {
  const access = target.access ?? ambientAccess;
  const limits = { rows_max: target.target_records_per_file || RECORDS_PER_FILE, bytes_max: FILE_BYTES_MAX };
  const stats: FileStats[] = [];
  async function* fitted(): AsyncGenerator<RecordBatch> {
    for await (const batch of source.take(limits)) {
      const table = tableOf(targetRows(new Table(batch.schema, [batch]), target));
      stats.push({ column_stats: tableStats(table), record_count: table.numRows });
      yield* table.batches;
    }
  }
  const { schema } = tableOf(targetRows(new Table(source.schema), target));
  const listed = new Set(schema.fields.filter(({ type }) => holdsFixedLists(type)).map(({ name }) => name));
  const write = { path, access, compression: target.compression ?? null };
  const { records, size_bytes } = await writeParquetBatches({ schema, batches: fitted }, write, listed);
  return entryOf(
    {
      path,
      record_count: records,
      content_length: size_bytes,
      source_content_length: size_bytes,
      content_encoding: 'identity',
      column_stats: mergeStats(stats, schemaFields(schema)),
      partition_values: null,
    },
    target,
  );
}

/** Whether some of its values may be lists of a fixed size, whose nulls cannot be stored as such. */
function holdsFixedLists(type: DataType): boolean {
  return DataType.isFixedSizeList(type) || (type.children ?? []).some((child) => holdsFixedLists(child.type));
}

interface FileLimits {
  rows_max: number;
  bytes_max: number;
}

/** Rows that are taken one file after another. */
class BatchSource implements AsyncDisposable {
  readonly schema: Schema;
  readonly #batches: AsyncIterator<RecordBatch>;
  #next: RecordBatch | null = null;

  constructor({ schema, batches }: PlanRows) {
    this.schema = schema;
    this.#batches = batches()[Symbol.asyncIterator]();
  }

  /** Whether there is another row. */
  async hasRows(): Promise<boolean> {
    while (this.#next === null || this.#next.numRows === 0) {
      const { done, value } = await this.#batches.next();
      if (done) return false;
      this.#next = value;
    }
    return true;
  }

  /** The next rows, up to one of the limits. */
  async *take({ rows_max, bytes_max }: FileLimits): AsyncGenerator<RecordBatch> {
    let [rows, bytes] = [0, 0];
    while (rows < rows_max && bytes < bytes_max && (await this.hasRows()) && this.#next !== null) {
      const batch: RecordBatch = this.#next.slice(0, rows_max - rows);
      bytes += (this.#next.data.byteLength * batch.numRows) / this.#next.numRows;
      rows += batch.numRows;
      this.#next = batch.numRows < this.#next.numRows ? this.#next.slice(batch.numRows) : null;
      yield batch;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#batches.return?.();
  }
}
