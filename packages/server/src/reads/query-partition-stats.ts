import {
  canonicalJson,
  DeltacatError,
  PARTITION_STATS_FIELDS,
  type Predicate,
  predicateColumns,
  type SchemaField,
} from '@deltacat/contract';
import { bindPredicate, matchesRow } from '@deltacat/io-core';
import type { Handler, ServerContext } from '../context.ts';
import { giveWay } from '../db/give-way.ts';
import { listKept, type PartitionKept } from '../snapshots/partition-counts.ts';
import { findPartitions } from '../snapshots/partitions.ts';
import { viewOf } from '../snapshots/transactions.ts';
import { parseFilter } from './question.ts';
import { mayHold, schemesInUse } from './select.ts';
import { findTarget, type ReadTarget } from './target.ts';

/** How many partitions are looked at before other requests get their turn. */
const PARTITIONS_AT_ONCE = 1_000;

/**
 * Tells what each partition holds now. The numbers are kept by the commits that change them, so that a page costs a step for
 * each partition that is looked at, whatever its history; they are always those of the newest commit.
 */
export const queryPartitionStats: Handler<'query_partition_stats'> = async (context, input) => {
  const { view } = await viewOf(context, input);
  const target = await findTarget(context, view, input);
  const predicate = parseFilter(input.filter_predicate);
  const keep = predicate ? await keepBy(context, target, predicate) : () => true;
  const after = await readToken(context, target, input.after_token ?? null);
  const rows = await collect(context, target, { keep, after, wanted: input.limit + 1 });
  const page = rows.slice(0, input.limit);
  return {
    ...target.asked,
    table_version: target.version.version,
    rows: page.map(tellStats),
    next_token: rows.length > page.length ? (page.at(-1)?.partition_id ?? null) : null,
    limit: input.limit,
    filter_predicate: predicate,
    backend: 'catalog',
    best_effort: false,
  };
};

/** A partition as its statistics name it. */
export function tellPartition({ partition_id, partition_values, scheme_id, stream_id }: PartitionKept) {
  const partition_values_json = canonicalJson(partition_values ?? []);
  return { partition_id, partition_values, partition_values_json, partition_scheme_id: scheme_id, stream_id };
}

/** What a partition says that it holds. */
export function tellCounts({ record_count, content_length, file_count, delta_count }: PartitionKept) {
  return { record_count, content_length, file_count, delta_count };
}

function tellStats(partition: PartitionKept) {
  return { ...tellPartition(partition), ...tellCounts(partition), is_current: true };
}

type Keep = (partition: PartitionKept) => boolean;

const FIELDS: SchemaField[] = Object.entries(PARTITION_STATS_FIELDS).map(([name, type]) => ({ name, type }));

/** A filter speaks of what is told of partitions, or of the rows of the table. */
async function keepBy(context: ServerContext, target: ReadTarget, predicate: Predicate): Promise<Keep> {
  const told = new Set(FIELDS.map(({ name }) => name));
  if (predicateColumns(predicate).every((column) => told.has(column))) {
    const bound = bindPredicate(predicate, FIELDS);
    return (partition) => {
      const row: Record<string, unknown> = tellStats(partition);
      return matchesRow(bound, (column) => row[column]) === true;
    };
  }
  const fields = target.schema?.fields ?? [];
  const bound = bindPredicate(predicate, fields);
  return mayHold(bound, await schemesInUse(context.db.reader, target.version), fields);
}

async function readToken(
  context: ServerContext,
  { version }: ReadTarget,
  token: string | null,
): Promise<string | null> {
  if (token === null) return null;
  const [found] = await findPartitions(context.db.reader, version.stream_id, [token]);
  if (found) return token;
  throw new DeltacatError(
    'invalid_request',
    'The after_token is not of this table as it is now. Send the next_token of the page before, or leave it out to begin anew.',
  );
}

async function collect(
  context: ServerContext,
  { version, view }: ReadTarget,
  { keep, after, wanted }: { keep: Keep; after: string | null; wanted: number },
): Promise<PartitionKept[]> {
  const { stream_id } = version;
  const rows: PartitionKept[] = [];
  for (let last = after; ; await giveWay()) {
    const some = await listKept(context.db.reader, view, { stream_id, after: last, limit: PARTITIONS_AT_ONCE });
    for (const partition of some) {
      if (keep(partition)) rows.push(partition);
      if (rows.length === wanted) return rows;
    }
    if (some.length < PARTITIONS_AT_ONCE) return rows;
    last = some.at(-1)?.partition_id ?? null;
  }
}
