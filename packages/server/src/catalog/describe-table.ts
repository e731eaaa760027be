import type { Handler } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { requireTableAt } from '../snapshots/tables.ts';
import { totalsOf } from '../snapshots/totals.ts';
import { viewOf } from '../snapshots/transactions.ts';
import { mergeKeys, requireVersion, schemaOf } from '../snapshots/versions.ts';
import { holdsData, type View } from '../snapshots/view.ts';

/** Describes a table version as it is, or was at `as_of`: schema, schemes, properties, and totals of what is visible. */
export const describeTable: Handler<'describe_table'> = async (context, input) => {
  const { reader } = context.db;
  const { view } = await viewOf(context, input);
  const found = await requireTableAt(reader, view, input);
  const version = await requireVersion(reader, view, { ...found, version: input.table_version });
  const schema = await schemaOf(reader, version);
  const totals = await totalsOf(reader, view, version.table_version_id);
  const { table, namespace } = found;
  const { lifecycle_state, schema_id, partition_scheme, sort_scheme, content_types, stream_id } = version;
  return {
    table_name: table.name,
    namespace: namespace.name,
    table_id: table.table_id,
    table_version: version.version,
    description: table.description ?? version.description,
    ...{ lifecycle_state, schema_id, partition_scheme, sort_scheme, content_types, stream_id },
    schema: schema?.fields ?? null,
    schema_serialized: schema?.serialized ?? null,
    merge_keys: mergeKeys(schema?.fields),
    properties: { ...table.properties, ...version.properties },
    table_properties: table.properties,
    stream_format: 'deltacat',
    ...totals,
    partition_count: await countPartitions(reader, view, stream_id),
    seq: view.seq,
  };
};

/** How many partitions of a stream hold something; the cost follows their number, not that of their deltas. */
async function countPartitions(queries: Queries, view: View, stream_id: string): Promise<number> {
  const { count } = await queries
    .selectFrom('partitions')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('stream_id', '=', stream_id)
    .where(holdsData(view))
    .executeTakeFirstOrThrow();
  return count;
}
