import type { ReadPlan, SortScheme, WriteEntry } from '@deltacat/contract';
import { arrowSchema, rewritePlan, serializeSchema } from '@deltacat/io-core';
import type { FileDraft } from '../commits/publish.ts';
import type { RequestContext } from '../context.ts';
import type { ResolvedRead } from '../reads/plan.ts';
import { accessTo, planPaths } from '../roots/access.ts';
import { chooseRoot } from '../roots/data-roots.ts';
import type { Schema } from '../snapshots/versions.ts';
import { folderFor } from './folder.ts';
import { recordsPerFile } from './records-per-file.ts';

/** What rewritten files are called, so that one can be told from what a writer put there. */
const FILE_PREFIX = 'rewrite-';

/** How the rows of rewritten files are ordered. */
export interface RewrittenOrder {
  sort_scheme: SortScheme | null;
  /** What orders rows beyond that; null leaves them as they are read. */
  merge_keys: string[] | null;
}

/**
 * Writes the rows of a plan of one partition as new files of the size that the table wants, below a folder that no other
 * write has: `folder_id`, or a fresh one. Throws `merge_unsupported_by_client` for rows that cannot be written again unchanged.
 */
export async function writeRewritten(
  context: RequestContext,
  { catalog, target }: ResolvedRead,
  { plan, order, folder_id }: { plan: ReadPlan; order: RewrittenOrder; folder_id?: string | undefined },
): Promise<FileDraft[]> {
  const { table, version, schema } = target;
  const root = await chooseRoot(context, catalog, null);
  const data_dir = folderFor(root, { table_id: table.table_id, id: folder_id ?? context.newId() });
  const { entries } = await rewritePlan(plan, {
    data_dir,
    access: await accessTo(context, [data_dir, ...planPaths(plan)]),
    schema_serialized: schema && writtenSchema(schema),
    ...order,
    target_records_per_file: recordsPerFile({ ...table.properties, ...version.properties }),
    file_prefix: FILE_PREFIX,
  });
  const sort_scheme_id = order.sort_scheme?.id ? String(order.sort_scheme.id) : null;
  return entries.map((entry) => draftFile(entry, { schema_id: version.schema_id, sort_scheme_id }));
}

/** The schema of rewritten files. Rows may be older than the rule that a column is never null, and keep their nulls. */
function writtenSchema({ schema_id, fields, serialized }: Schema): string {
  if (schema_id === 0 || fields.every(({ nullable }) => nullable !== false)) return serialized;
  return serializeSchema(arrowSchema(fields.map((field) => ({ ...field, nullable: true }))));
}

function draftFile(entry: WriteEntry, ids: Pick<FileDraft, 'schema_id' | 'sort_scheme_id'>): FileDraft {
  return {
    ...ids,
    file_id: null,
    path: entry.path,
    content_type: entry.content_type ?? 'parquet',
    content_encoding: entry.content_encoding ?? 'identity',
    record_count: entry.record_count ?? 0,
    content_length: entry.content_length ?? 0,
    source_content_length: null,
    mandatory: true,
    column_stats: entry.column_stats ?? null,
  };
}
