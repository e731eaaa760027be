import { canonicalJson, type PartitionValue } from '@deltacat/contract';
import { insertRows } from '../db/insert.ts';
import { prepared } from '../db/prepared.ts';
import type { TableVersion } from '../snapshots/versions.ts';
import type { Change } from './change.ts';
import { NO_COUNTS, type PartitionCounts } from './partition-counts.ts';

/** A partition by what makes it one: its scheme and its values; null values are the whole of an unpartitioned table. */
export interface PartitionKey {
  scheme_id: string;
  partition_values: PartitionValue[] | null;
}

/** Where a new delta goes: its partition, and its position there, which in a transaction only the commit gives. */
export interface DeltaPlace {
  partition_id: string;
  position: bigint | null;
  previous_position: bigint | null;
}

/** A partition that a delta is to be in, and what the delta counts. */
export interface PartitionTaken extends PartitionKey {
  counts: PartitionCounts;
}

/** Takes the next position of a partition and counts its delta, making the partition when it has none yet. */
export async function takePosition(change: Change, version: TableVersion, taken: PartitionTaken): Promise<DeltaPlace> {
  if (change.transaction_id !== null) {
    return { partition_id: await requirePartition(change, version, taken), position: null, previous_position: null };
  }
  const [found] = (await advancePartition(change.queries, { ...naturalKey(version, taken), ...taken.counts })).rows;
  if (!found) {
    return { partition_id: await createPartition(change, version, { ...taken, last_position: 1n }), ...placeAt(1n) };
  }
  return { partition_id: found.partition_id, ...placeAt(found.last_position) };
}

function placeAt(position: bigint): Omit<DeltaPlace, 'partition_id'> {
  return { position, previous_position: position === 1n ? null : position - 1n };
}

interface NaturalKey {
  stream_id: string;
  scheme_id: string;
  values_key: string;
}

function naturalKey(version: TableVersion, key: PartitionKey): NaturalKey {
  const values_key = canonicalValue(key.partition_values);
  return { stream_id: version.stream_id, scheme_id: key.scheme_id, values_key };
}

const advancePartition = prepared((queries, of: NaturalKey & PartitionCounts) =>
  queries
    .updateTable('partitions')
    .set((expression) => ({
      last_position: expression('last_position', '+', 1n),
      record_count: expression('record_count', '+', of.record_count),
      content_length: expression('content_length', '+', of.content_length),
      file_count: expression('file_count', '+', of.file_count),
      delta_count: expression('delta_count', '+', of.delta_count),
    }))
    .where('stream_id', '=', of.stream_id)
    .where('scheme_id', '=', of.scheme_id)
    .where('values_key', '=', of.values_key)
    .returning(['partition_id', 'last_position']),
);

/** A partition has no state of its own, so that one made by a transaction that is given up is merely empty. */
async function requirePartition(change: Change, version: TableVersion, key: PartitionKey): Promise<string> {
  const { stream_id, scheme_id, values_key } = naturalKey(version, key);
  const found = await change.queries
    .selectFrom('partitions')
    .select('partition_id')
    .where('stream_id', '=', stream_id)
    .where('scheme_id', '=', scheme_id)
    .where('values_key', '=', values_key)
    .executeTakeFirst();
  return found?.partition_id ?? createPartition(change, version, { ...key, counts: NO_COUNTS, last_position: 0n });
}

async function createPartition(
  change: Change,
  version: TableVersion,
  key: PartitionTaken & { last_position: bigint },
): Promise<string> {
  const partition_id = change.context.newId();
  const { partition_values, last_position, counts } = key;
  const [value_1 = null, value_2 = null, value_3 = null] = (partition_values ?? []).map(canonicalValue);
  const row = {
    ...{ partition_id, table_version_id: version.table_version_id, partition_values },
    ...{ ...naturalKey(version, key), value_1, value_2, value_3, last_position, ...counts },
  };
  await insertRows(change.queries, 'partitions', [row]);
  return partition_id;
}

/** The text under which a partition value is stored and looked up. */
export function canonicalValue(value: PartitionValue | PartitionValue[] | null): string {
  return canonicalJson(value);
}
