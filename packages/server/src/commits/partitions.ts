import { canonicalJson, type PartitionValue } from '@deltacat/contract';
import type { TableVersion } from '../snapshots/versions.ts';
import type { Change } from './change.ts';

/** A partition by what makes it one: its scheme and its values; null values are the whole of an unpartitioned table. */
export interface PartitionKey {
  scheme_id: string;
  partition_values: PartitionValue[] | null;
}

/** Takes the next position of a partition, making the partition when it has none yet. */
export async function takePosition(
  change: Change,
  version: TableVersion,
  key: PartitionKey,
): Promise<{ partition_id: string; position: bigint; previous_position: bigint | null }> {
  const values_key = canonicalValue(key.partition_values);
  const found = await change.queries
    .selectFrom('partitions')
    .select(['partition_id', 'last_position'])
    .where('stream_id', '=', version.stream_id)
    .where('scheme_id', '=', key.scheme_id)
    .where('values_key', '=', values_key)
    .executeTakeFirst();
  if (!found)
    return { partition_id: await createPartition(change, version, key), position: 1n, previous_position: null };
  const position = found.last_position + 1n;
  await change.queries
    .updateTable('partitions')
    .set({ last_position: position })
    .where('partition_id', '=', found.partition_id)
    .execute();
  return { partition_id: found.partition_id, position, previous_position: found.last_position };
}

async function createPartition(change: Change, version: TableVersion, key: PartitionKey): Promise<string> {
  const partition_id = change.context.newId();
  const [value_1 = null, value_2 = null, value_3 = null] = (key.partition_values ?? []).map(canonicalValue);
  await change.queries
    .insertInto('partitions')
    .values({
      partition_id,
      table_version_id: version.table_version_id,
      stream_id: version.stream_id,
      scheme_id: key.scheme_id,
      partition_values: key.partition_values,
      values_key: canonicalValue(key.partition_values),
      value_1,
      value_2,
      value_3,
      last_position: 1n,
    })
    .execute();
  return partition_id;
}

/** The text under which a partition value is stored and looked up. */
export function canonicalValue(value: PartitionValue | PartitionValue[] | null): string {
  return canonicalJson(value);
}
