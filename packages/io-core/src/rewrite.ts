import { DeltacatError, type ReadPlan, type SortScheme, type WriteEntry } from '@deltacat/contract';
import { type RecordBatch, type Schema, Table } from 'apache-arrow';
import { carrierLoss } from './duckdb/carrier.ts';
import { executePlan } from './execute.ts';
import { groupCount } from './partition-group.ts';
import { ambientAccess } from './storage/access.ts';
import { RECORDS_PER_FILE, type WriteTarget, writeRows } from './write.ts';

/** How much of the merged rows is in memory at a time; encoding holds them twice more. */
const REWRITE_BYTES_MAX = 256 * 2 ** 20;

/**
 * Writes the rows of one partition group, merged, as new files, and tells the entries that stand for them. The rows and their
 * values are those that the plan reads as; their order is the sort scheme's, then the merge keys'. Refuses with
 * `merge_unsupported_by_client`, before anything is written, what would not survive: a rewrite never alters a value.
 * When it fails later, the files written so far are removed.
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
    for await (const table of tables(rows, target.target_records_per_file || RECORDS_PER_FILE)) {
      entries.push(...(await writeRows(table, target)));
    }
    return { entries };
  } catch (error) {
    await Promise.allSettled(entries.map(({ path }) => access.open(path).remove(path)));
    if (error instanceof DeltacatError && error.code === 'not_supported') throw unsupported(error.message, error);
    throw error;
  }
}

/** Rows of more than one file are sorted as a whole, so that the files' key ranges do not overlap and can be pruned by. */
function sortedPlan(plan: ReadPlan, { sort_scheme, merge_keys, target_records_per_file }: WriteTarget): ReadPlan {
  const sorted = new Set(sort_scheme?.keys.flatMap(({ key }) => key));
  const rest = (merge_keys ?? []).filter((key) => !sorted.has(key)).map((key) => ({ key: [key] }));
  const keys: SortScheme['keys'] = [...(sort_scheme?.keys ?? []), ...rest];
  const several = plan.total_records > (target_records_per_file || RECORDS_PER_FILE);
  if (!several || keys.length === 0) return { ...plan, sort_scheme: null };
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

interface Batches {
  schema: Schema;
  batches(): AsyncIterable<RecordBatch>;
}

async function* tables({ schema, batches }: Batches, rowsMax: number): AsyncGenerator<Table> {
  let pending: RecordBatch[] = [];
  let rows = 0;
  let bytes = 0;
  for await (const batch of batches()) {
    let rest = batch;
    while (rows + rest.numRows >= rowsMax) {
      yield new Table(schema, [...pending, rest.slice(0, rowsMax - rows)]);
      rest = rest.slice(rowsMax - rows);
      [pending, rows, bytes] = [[], 0, 0];
    }
    if (rest.numRows > 0) pending.push(rest);
    rows += rest.numRows;
    bytes += rest.numRows > 0 ? batch.data.byteLength : 0;
    if (bytes < REWRITE_BYTES_MAX) continue;
    yield new Table(schema, pending);
    [pending, rows, bytes] = [[], 0, 0];
  }
  if (rows > 0) yield new Table(schema, pending);
}
