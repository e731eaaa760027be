import { type Api, type InputOf, type ReadPlan, toldContentType } from '@deltacat/contract';
import type { Handler, ServerContext } from '../context.ts';
import type { Catalog } from '../roots/catalogs.ts';
import type { DeltaInView } from '../snapshots/deltas.ts';
import { readAllStats, readChosenFiles } from '../snapshots/files.ts';
import { keptTotals } from '../snapshots/totals.ts';
import { type Transaction, viewOf } from '../snapshots/transactions.ts';
import { grantAccess } from './grant.ts';
import { mergeInstructions, mergeSortKeys } from './merge-order.ts';
import { PlanNames } from './names.ts';
import { dropLeadingDeletes, mayMerge, orderDeltas, requiresMerge } from './order.ts';
import { cutPage, type Page, type PageAsked } from './page.ts';
import { type Question, readQuestion } from './question.ts';
import { toScanTasks } from './scan-tasks.ts';
import { pruneDeltas, selectDeltas } from './select.ts';
import { snapshotId, snapshotIdOf } from './snapshot-id.ts';
import { findTarget, type ReadTarget } from './target.ts';
import { type TellStats, tellStats } from './told-stats.ts';

/** What a plan is asked to contain, beside which rows it is about. */
export type PlanAsked = PageAsked &
  Pick<InputOf<Api['plan_read']>, 'include_files' | 'include_column_stats' | 'as_of' | 'preferred_root'>;

/** A read whose names, moment and filter are resolved. */
interface OpenedRead {
  catalog: Catalog;
  /** The transaction that the read is a part of. */
  transaction: Transaction | null;
  target: ReadTarget;
  question: Question;
}

/** A read resolved as far as the deltas that it is about. */
export interface ResolvedRead extends OpenedRead {
  /** Every visible delta of the selected partitions, by commit. */
  deltas: DeltaInView[];
  /** Plan to merge even what could be read as it was written. */
  always_merge?: boolean;
}

/** Plans a read: from names over partitions and file statistics to the files to read, and how to make rows of them. */
export const planRead: Handler<'plan_read'> = async (context, input) => {
  const opened = await openRead(context, input);
  return (await planWhole(context, opened, input)) ?? planGranted(context, await withDeltas(context, opened), input);
};

/** The plan of a resolved read, with what its reader needs to open the files. */
export async function planGranted(context: ServerContext, read: ResolvedRead, asked: PlanAsked): Promise<ReadPlan> {
  return grantAccess(context, read.catalog, await planDeltas(context, read, asked));
}

/** Resolves the names, the moment and the filter of a read; throws what its reader got wrong. */
export async function resolveRead(context: ServerContext, input: ReadAsked): Promise<ResolvedRead> {
  return withDeltas(context, await openRead(context, input));
}

type ReadAsked = Omit<InputOf<Api['plan_read']>, keyof PlanAsked> & { as_of?: bigint | null | undefined };

async function openRead(context: ServerContext, input: ReadAsked): Promise<OpenedRead> {
  const { catalog, view, transaction } = await viewOf(context, input);
  const target = await findTarget(context, view, input);
  return { catalog, transaction, target, question: readQuestion(target, input) };
}

async function withDeltas(context: ServerContext, opened: OpenedRead): Promise<ResolvedRead> {
  return { ...opened, deltas: await selectDeltas(context.db.reader, opened.target, opened.question) };
}

/**
 * The totals of everything in a version from what its commits keep, whatever it holds: one row. Null where they do not tell
 * all: of a part, in a transaction, and where rows are merged, since then the order of the deltas counts.
 */
async function planWhole(context: ServerContext, read: OpenedRead, asked: PlanAsked): Promise<ReadPlan | null> {
  const { question, target, transaction } = read;
  if (asked.include_files || question.predicate || question.partitions || transaction) return null;
  const { table_version_id } = target.version;
  const { totals, composition } = await keptTotals(context.db.reader, { table_version_id, seq: target.view.seq });
  if (!composition || mayMerge(composition, totals.delta_count, target.merge_keys)) return null;
  const { total_files, total_records, total_bytes } = totals;
  const told = { total_files, total_records, total_bytes, snapshot_id: snapshotIdOf(composition.fingerprint) };
  return { ...describePlan(read, asked, false), ...told, scan_tasks: [] };
}

/** A plan but for its tasks and what these name. */
export interface PreparedPlan {
  head: Omit<ReadPlan, 'scan_tasks'>;
  page: Page;
  /** How files are told their statistics; null when the reader did not ask for them. */
  tell: TellStats | null;
}

/** The plan of a resolved read, as far as the files that it lists. */
export async function preparePlan(context: ServerContext, read: ResolvedRead, asked: PlanAsked): Promise<PreparedPlan> {
  const { target, question } = read;
  const standing = dropLeadingDeletes(read.deltas);
  const merging = read.always_merge || requiresMerge(standing, target.merge_keys);
  const deltas = orderDeltas(standing, merging);
  const snapshot_id = await snapshotId(deltas, merging);
  const about = describePlan(read, asked, merging);
  const nothing = { deltas: [], returned_files: 0, next_file_offset: null };
  if (!asked.include_files) return { head: { ...about, ...totals(deltas), snapshot_id }, page: nothing, tell: null };

  const selected = await pruneDeltas(context.db.reader, target, { filter: question.filter, deltas, merging });
  const page = cutPage(selected, asked, merging);
  const head = {
    ...about,
    ...totals(selected),
    returned_files: page.returned_files,
    truncated: page.next_file_offset !== null,
    next_file_offset: page.next_file_offset,
    // Older clients take a plan with an id but without tasks for one that must not be executed.
    snapshot_id: page.deltas.length > 0 ? snapshot_id : null,
  };
  return { head, page, tell: asked.include_column_stats ? tellStats(target, question) : null };
}

/** The plan of a resolved read. */
export async function planDeltas(context: ServerContext, read: ResolvedRead, asked: PlanAsked): Promise<ReadPlan> {
  const { head, page, tell } = await preparePlan(context, read, asked);
  if (!asked.include_files) return { ...head, scan_tasks: [] };
  return { ...head, ...(await describePage(context, read.target, { page, tell })) };
}

type About = Omit<ReadPlan, 'total_files' | 'total_records' | 'total_bytes' | 'scan_tasks'>;

function describePlan({ catalog, target, transaction }: OpenedRead, asked: PlanAsked, merging: boolean): About {
  const { version, schema, merge_keys, view } = target;
  const sort_keys = mergeSortKeys(schema?.fields ?? []);
  return {
    ...target.asked,
    table_version: version.version,
    content_type: toldContentType(version.content_types[0] ?? 'parquet'),
    requires_mor: merging,
    returned_files: 0,
    truncated: false,
    next_file_offset: null,
    merge_keys: merge_keys.length > 0 ? merge_keys : null,
    mor_plan: merging ? { sort_keys } : null,
    mor_instructions: merging ? mergeInstructions(merge_keys, sort_keys) : null,
    schema: schema?.fields ?? null,
    schema_serialized: schema?.serialized ?? null,
    partition_scheme: version.partition_scheme,
    sort_scheme: version.sort_scheme,
    preferred_root_used: asked.preferred_root ? asked.preferred_root === catalog.data_root : null,
    seq: view.seq,
    as_of: asked.as_of ?? view.committed_at_ns ?? null,
    expires_at: transaction?.expires_at_ns ?? null,
    transaction_id: transaction?.transaction_id ?? null,
    transaction_version_seen: transaction?.transaction_version ?? null,
  };
}

function totals(deltas: DeltaInView[]): Pick<ReadPlan, 'total_files' | 'total_records' | 'total_bytes'> {
  const sum = { total_files: 0, total_records: 0, total_bytes: 0 };
  for (const { files, records, bytes } of deltas) {
    sum.total_files += files;
    sum.total_records += records;
    sum.total_bytes += bytes;
  }
  return sum;
}

/** The tasks of a page with the schemas and schemes that they name. */
async function describePage(
  context: ServerContext,
  target: ReadTarget,
  { page, tell }: { page: Page; tell: TellStats | null },
) {
  const queries = context.db.reader;
  const ids = [...new Set(page.deltas.map(({ manifest_id }) => manifest_id))];
  const files = await readChosenFiles(queries, page.deltas);
  const stats = tell && { of: await readAllStats(queries, ids), tell };
  const scan_tasks = toScanTasks(page.deltas, { files, stats });
  const names = new PlanNames();
  for (const task of scan_tasks) names.note(task);
  return { scan_tasks, ...(await names.find(queries, target)) };
}
