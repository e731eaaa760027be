import type { Api, InputOf, ReadPlan } from '@deltacat/contract';
import type { Handler, ServerContext } from '../context.ts';
import type { Catalog } from '../roots/catalogs.ts';
import type { DeltaInView } from '../snapshots/deltas.ts';
import { readAllStats, readFiles } from '../snapshots/files.ts';
import { type Transaction, viewOf } from '../snapshots/transactions.ts';
import { grantAccess } from './grant.ts';
import { mergeInstructions, mergeSortKeys } from './merge-order.ts';
import { dropLeadingDeletes, orderDeltas, requiresMerge } from './order.ts';
import { cutPage, type Page, type PageAsked } from './page.ts';
import { type Question, readQuestion } from './question.ts';
import { toScanTasks } from './scan-tasks.ts';
import { findSchemas } from './schemas.ts';
import { findSchemes } from './schemes.ts';
import { pruneDeltas, selectDeltas } from './select.ts';
import { snapshotId } from './snapshot-id.ts';
import { findTarget, type ReadTarget } from './target.ts';
import { type TellStats, tellStats } from './told-stats.ts';

/** What a plan is asked to contain, beside which rows it is about. */
export type PlanAsked = PageAsked &
  Pick<InputOf<Api['plan_read']>, 'include_files' | 'include_column_stats' | 'as_of' | 'preferred_root'>;

/** A read resolved as far as the deltas that it is about. */
export interface ResolvedRead {
  catalog: Catalog;
  /** The transaction that the read is a part of. */
  transaction: Transaction | null;
  target: ReadTarget;
  question: Question;
  /** Every visible delta of the selected partitions, by commit. */
  deltas: DeltaInView[];
  /** Plan to merge even what could be read as it was written. */
  always_merge?: boolean;
}

/** Plans a read: from names over partitions and file statistics to the files to read, and how to make rows of them. */
export const planRead: Handler<'plan_read'> = async (context, input) => {
  const read = await resolveRead(context, input);
  return answerPlan(context, read, input);
};

/** The plan of a resolved read, with what its reader needs to open the files. */
export async function answerPlan(context: ServerContext, read: ResolvedRead, asked: PlanAsked): Promise<ReadPlan> {
  return grantAccess(context, read.catalog, await planDeltas(context, read, asked));
}

/** Resolves the names, the moment and the filter of a read; throws what its reader got wrong. */
export async function resolveRead(
  context: ServerContext,
  input: Omit<InputOf<Api['plan_read']>, keyof PlanAsked> & { as_of?: bigint | null | undefined },
): Promise<ResolvedRead> {
  const { catalog, view, transaction } = await viewOf(context, input);
  const target = await findTarget(context, view, input);
  const question = readQuestion(target, input);
  return { catalog, transaction, target, question, deltas: await selectDeltas(context.db.reader, target, question) };
}

/** The plan of a resolved read. */
export async function planDeltas(context: ServerContext, read: ResolvedRead, asked: PlanAsked): Promise<ReadPlan> {
  const queries = context.db.reader;
  const { target, question } = read;
  const standing = dropLeadingDeletes(read.deltas);
  const merging = read.always_merge || requiresMerge(standing, target.merge_keys);
  const deltas = orderDeltas(standing, merging);
  const snapshot_id = snapshotId(deltas, merging);
  const about = describePlan(read, asked, merging);
  if (!asked.include_files) return { ...about, ...totals(deltas), snapshot_id };

  const selected = await pruneDeltas(queries, target, { filter: question.filter, deltas, merging });
  const page = cutPage(selected, asked, merging);
  const tell = asked.include_column_stats ? tellStats(target, question) : null;
  const scanned = await describePage(context, target, { page, tell });
  return {
    ...about,
    ...totals(selected),
    ...scanned,
    returned_files: page.returned_files,
    truncated: page.next_file_offset !== null,
    next_file_offset: page.next_file_offset,
    // Older clients take a plan with an id but without tasks for one that must not be executed.
    snapshot_id: page.deltas.length > 0 ? snapshot_id : null,
  };
}

type About = Omit<ReadPlan, 'total_files' | 'total_records' | 'total_bytes'>;

function describePlan({ catalog, target, transaction }: ResolvedRead, asked: PlanAsked, merging: boolean): About {
  const { version, schema, merge_keys, view } = target;
  const sort_keys = mergeSortKeys(schema?.fields ?? []);
  return {
    ...target.asked,
    table_version: version.version,
    content_type: version.content_types[0] ?? 'parquet',
    requires_mor: merging,
    returned_files: 0,
    truncated: false,
    next_file_offset: null,
    scan_tasks: [],
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
  const files = await readFiles(queries, ids);
  const stats = tell && { of: await readAllStats(queries, ids), tell };
  const scan_tasks = toScanTasks(page.deltas, { files, stats });
  return {
    scan_tasks,
    ...(await findSchemas(queries, target, { deltas: page.deltas, files })),
    ...(await findSchemes(queries, target, scan_tasks)),
  };
}
