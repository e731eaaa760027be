import { DeltacatError, type PartitionChoices, type ReadPlan as PlanAnswer, type Predicate } from '@deltacat/contract';
import type { ManifestRows, RelationOptions } from '@deltacat/io-core';
import { engine, formOf, type ReadAs, type ReadResults } from './read-forms.ts';
import { ReadPlan } from './read-plan.ts';
import type { Transaction } from './transaction.ts';
import type { Transactions } from './transactions.ts';

/** What rows of which table are wanted. */
export interface PlanArguments {
  namespace: string;
  table: string;
  /** The table version; the latest active one when left out. */
  table_version?: string | undefined;
  /** Read the state of that time, in nanoseconds since 1970, such as a commit's `committed_at_ns`. */
  as_of?: bigint | null | undefined;
  /** Columns to read, in this order; all when left out. */
  columns?: string[] | undefined;
  /** Which rows to keep, as a tree of comparisons: `{ and: [{ eq: ['task', 'pick'] }, { gte: ['length', 32] }] }`. */
  filter_predicate?: Predicate | null | undefined;
  /**
   * Which partitions to read, and no others: each by its id, by its values (one for each key, after its transform), or by
   * both; of a table with one key the bare value does.
   */
  partition_filter?: PartitionChoices | null | undefined;
  recipe_hash?: string | undefined;
  /** Skip that many FILES of the plan, not rows. */
  offset?: number | undefined;
  /** At most that many FILES, not rows. */
  limit?: number | undefined;
  /** Statistics of each file: bounds and nulls of its columns. Default false. */
  include_stats?: boolean | undefined;
  /** false: totals only, no files. Default true. */
  include_files?: boolean | undefined;
  /** The data root to prefer where the table is replicated. */
  root?: string | undefined;
  catalog?: string | undefined;
  /** The transaction that it belongs to: its state is read, with its own changes. */
  transaction?: Transaction | undefined;
}

/** How rows are returned. */
export interface ReadOptions<As extends ReadAs> {
  /** Default `arrow`. */
  read_as?: As | undefined;
  /** Adds a column of that name with the path of the file that each row is from. */
  file_path_column?: string | undefined;
  /** The most memory that the process may take for this read, itself included, in MiB; more goes to disk. Default 1024. */
  memory_limit_mb?: number | undefined;
  /** At most that many ROWS, of those that are left after filtering and merging. */
  rows_limit?: number | undefined;
  /** Skip that many ROWS. Their order is the same at every read of one state, which `as_of` or a plan names. */
  rows_offset?: number | undefined;
  /** With `duckdb`: what SQL calls the rows. Default `rows`. */
  relation_name?: string | undefined;
  /** With `duckdb`: a connection of yours, of `@duckdb/node-api`, to have the rows in beside your own tables. */
  connection?: RelationOptions['connection'] | undefined;
}

/** A plan that was made before, and what is wanted of it. */
export interface PlannedArguments {
  plan: ReadPlan;
  /** Columns in place of those that the plan was made for. */
  columns?: string[] | undefined;
  /** Rows to keep of those that the plan was made for. */
  filter_predicate?: Predicate | null | undefined;
}

/** What to read: a table, or a plan that was made before. */
export type ReadArguments<As extends ReadAs> = ReadOptions<As> &
  ((PlanArguments & { plan?: undefined }) | PlannedArguments);

/** What to read of a manifest table. */
export interface ManifestArguments<As extends ReadAs> extends ReadOptions<As> {
  columns?: string[] | undefined;
  filter_predicate?: Predicate | null | undefined;
}

/** How often the pages of one read are planned because its transaction is changed in between. */
const PLAN_ATTEMPTS_MAX = 5;

/** Plans a read: see `Catalog.plan`. */
export async function planRead(transactions: Transactions, args: PlanArguments): Promise<ReadPlan> {
  const { namespace, table, table_version, columns, filter_predicate, partition_filter, recipe_hash, catalog } = args;
  // Later pages belong to it too, wherever they are asked for.
  const transaction = transactions.transactionFor('plan_read', { ...args }) ?? undefined;
  const wanted = { columns, filter_predicate, partition_filter, recipe_hash };
  const about = { namespace, table, table_version, ...wanted, catalog, transaction };
  const flags = {
    max_files: args.limit,
    include_column_stats: args.include_stats,
    include_files: args.include_files,
    preferred_root: args.root,
  };
  const ask = (file_offset: number | undefined, as_of: bigint | null | undefined) =>
    transactions.call('plan_read', { ...about, ...flags, file_offset, as_of });
  const first = await ask(args.offset, args.as_of);
  const scope = { columns: columns ?? null, filter_predicate: filter_predicate ?? null };
  // Later pages must be of the same state, whatever was committed in between.
  if (!transaction) {
    const as_of = args.as_of ?? first.as_of;
    return new ReadPlan(first, scope, (file_offset) => ask(file_offset, as_of));
  }
  return new ReadPlan(first, scope, async (file_offset) => sameState(first, await ask(file_offset, null)));
}

/** A transaction has no times to plan as of; its version tells whether it was changed between two pages. */
function sameState(first: PlanAnswer, page: PlanAnswer): PlanAnswer {
  if (page.transaction_version_seen === first.transaction_version_seen) return page;
  throw new PlanMoved(
    'transaction_version_mismatch',
    `Transaction "${first.transaction_id}" was changed between two pages of the plan of ${first.namespace}.${first.table}. Plan it again.`,
    { transaction_id: first.transaction_id, transaction_version: page.transaction_version_seen },
  );
}

/** The pages of a plan are not of one state. */
class PlanMoved extends DeltacatError {}

/** Reads rows: see `Catalog.read`. */
export async function readRows<As extends ReadAs>(
  transactions: Transactions,
  args: ReadArguments<As>,
): Promise<ReadResults[As]> {
  const options = executing(args);
  const form = formOf(args.read_as, options);
  const plan = args.plan ?? (await planWhole(transactions, args));
  const columns = args.columns ?? plan.scope.columns;
  const filter = args.plan === undefined ? plan.scope.filter_predicate : narrowed(args);
  const { vendedAccess } = await engine();
  const access = vendedAccess(plan.raw, () => plan.renewed());
  return form({ plan: plan.raw, options: { ...options, filter, columns, access } });
}

/** Reads the files that a manifest table names: see `Catalog.fromManifestTable`. */
export async function readManifest<As extends ReadAs>(
  manifest: ManifestRows,
  args: ManifestArguments<As>,
): Promise<ReadResults[As]> {
  const options = executing(args);
  const form = formOf(args.read_as, options);
  const { planManifest } = await engine();
  const plan = await planManifest(manifest, options);
  const { columns = null, filter_predicate = null } = args;
  return form({ plan, options: { ...options, filter: filter_predicate, columns } });
}

function executing(args: ReadOptions<ReadAs>): RelationOptions {
  return {
    memory_limit_mb: args.memory_limit_mb ?? null,
    file_path_column: args.file_path_column ?? null,
    limit: args.rows_limit ?? null,
    offset: args.rows_offset ?? null,
    name: args.relation_name ?? null,
    connection: args.connection ?? null,
  };
}

/**
 * Without a limit the caller wants everything, in however many pages the server hands it out. The files of a sorted table
 * are read in its order, which only their statistics tell.
 */
async function planWhole(transactions: Transactions, args: PlanArguments): Promise<ReadPlan> {
  const plan = await planAll(transactions, args);
  if (args.include_stats !== undefined || !mayBeReordered(plan)) return plan;
  const as_of = plan.raw.transaction_id ? undefined : (args.as_of ?? plan.raw.as_of);
  return planAll(transactions, { ...args, as_of, include_stats: true });
}

/** Begins again, within limits, when a transaction is changed between two pages. */
async function planAll(transactions: Transactions, args: PlanArguments): Promise<ReadPlan> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const plan = await planRead(transactions, args);
      return args.limit === undefined ? await plan.complete() : plan;
    } catch (error) {
      if (!(error instanceof PlanMoved) || attempt === PLAN_ATTEMPTS_MAX) throw error;
    }
  }
}

function mayBeReordered(plan: ReadPlan): boolean {
  const scheme_id = plan.raw.sort_scheme?.id ?? null;
  const files = plan.allFiles();
  if (plan.requires_mor || scheme_id === null || files.length < 2) return false;
  return files.every(({ sort_scheme_id }) => String(sort_scheme_id) === String(scheme_id));
}

/** A plan leaves out files that its own filter excludes, so that rows outside that filter are found by chance only. */
function narrowed({ plan, filter_predicate }: PlannedArguments): Predicate | null {
  const filters = [plan.scope.filter_predicate, filter_predicate ?? null].filter((filter) => filter !== null);
  return filters.length > 1 ? { and: filters } : (filters[0] ?? null);
}
