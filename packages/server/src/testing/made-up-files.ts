import { type ColumnStats, type DeltaType, EMPTY_SCHEME_ID, type PartitionValue } from '@deltacat/contract';
import { commit } from '../commits/commit.ts';
import { type DeltaDraft, endAllDeltas, publishDeltas } from '../commits/publish.ts';
import type { RequestContext } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { requireTable } from '../snapshots/tables.ts';
import { requireVersion } from '../snapshots/versions.ts';

/** A file that is nowhere: what the store is told of it. */
export interface MadeUpFile {
  name: string;
  records?: number;
  bytes?: number;
  stats?: Record<string, ColumnStats>;
  schema_id?: number | null;
}

/** A delta of such files. */
export interface MadeUpDelta {
  type: DeltaType;
  partition?: PartitionValue[] | null;
  deletes_by?: string[];
  author?: string;
  files: MadeUpFile[];
}

/** Makes deltas of made-up files visible in `test.<table>`, all in one commit; with `replacing`, in place of all others. */
export async function publishMadeUp(
  context: RequestContext,
  table: string,
  given: { deltas: MadeUpDelta[]; replacing?: boolean; transaction_id?: string },
): Promise<{ seq: number; committed_at_ns: bigint }> {
  const committed = await commit(context, {
    catalog: catalogNamed(context, null),
    transaction: given.transaction_id ? { transaction_id: given.transaction_id, transaction_version: null } : null,
    operation: 'commit_write',
    async decide(change) {
      const found = await requireTable(change.queries, change.view, { namespace: 'test', table });
      const version = await requireVersion(change.queries, change.view, { ...found, version: null });
      if (given.replacing) await endAllDeltas(change, version);
      const scheme_id = String(version.partition_scheme?.id ?? EMPTY_SCHEME_ID);
      const drafts = given.deltas.map((delta) => draftOf(delta, { scheme_id, schema_id: version.schema_id }));
      await publishDeltas(change, version, drafts);
      change.touch({ object_id: version.table_version_id, kind: given.replacing ? 'replace' : 'append' });
      return {};
    },
  });
  return { seq: Number(committed.seq), committed_at_ns: BigInt(committed.committed_at_ns ?? 0) };
}

function draftOf(delta: MadeUpDelta, table: { scheme_id: string; schema_id: number | null }): DeltaDraft {
  return {
    delta_type: delta.type,
    partition: { scheme_id: table.scheme_id, partition_values: delta.partition ?? null },
    entry_params: delta.deletes_by ? { equality_field_locators: delta.deletes_by } : null,
    author: delta.author ? { name: delta.author, version: null } : null,
    files: delta.files.map(({ name, records = 10, bytes = 100, stats = null, schema_id = table.schema_id }) => ({
      file_id: null,
      path: `/made-up/${name}`,
      content_type: 'parquet',
      content_encoding: 'identity',
      record_count: records,
      content_length: bytes,
      source_content_length: null,
      schema_id,
      sort_scheme_id: null,
      mandatory: true,
      column_stats: stats,
    })),
  };
}
