import { canonicalJson, type PartitionValue } from '@deltacat/contract';
import { insertRows } from '../db/insert.ts';
import { prepared } from '../db/prepared.ts';
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
  const wanted = { stream_id: version.stream_id, scheme_id: key.scheme_id, values_key };
  const [found] = (await advancePartition(change.queries, wanted)).rows;
  if (!found) {
    return { partition_id: await createPartition(change, version, key), position: 1n, previous_position: null };
  }
  const { partition_id, last_position } = found;
  return { partition_id, position: last_position, previous_position: last_position - 1n };
}

const advancePartition = prepared((queries, of: { stream_id: string; scheme_id: string; values_key: string }) =>
  queries
    .updateTable('partitions')
    .set((expression) => ({ last_position: expression('last_position', '+', 1n) }))
    .where('stream_id', '=', of.stream_id)
    .where('scheme_id', '=', of.scheme_id)
    .where('values_key', '=', of.values_key)
    .returning(['partition_id', 'last_position']),
);

async function createPartition(change: Change, version: TableVersion, key: PartitionKey): Promise<string> {
  const partition_id = change.context.newId();
  const [value_1 = null, value_2 = null, value_3 = null] = (key.partition_values ?? []).map(canonicalValue);
  const row = {
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
  };
  await insertRows(change.queries, 'partitions', [row]);
  return partition_id;
}

/** The text under which a partition value is stored and looked up. */
export function canonicalValue(value: PartitionValue | PartitionValue[] | null): string {
  return canonicalJson(value);
}
