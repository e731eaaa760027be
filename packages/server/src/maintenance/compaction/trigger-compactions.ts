import { compactionSettings, isDue } from '../../catalog/compaction-settings.ts';
import type { TouchKind } from '../../commits/touches.ts';
import type { ServerContext } from '../../context.ts';
import { chunks } from '../../db/chunks.ts';
import { listOpenEvents, removeEvents, type StoredEvent } from '../../events/outbox.ts';
import { addJob, type NewJob } from '../../jobs/add.ts';
import { newestJob } from '../../jobs/job.ts';
import { findTargetById } from '../../reads/target.ts';
import { listGathered } from '../../snapshots/gathered.ts';
import { viewHead } from '../../snapshots/view.ts';
import { compactionJob } from './compaction-job.ts';

/** How many commits are looked at together. */
const COMMITS_AT_A_TIME = 1_000;

/** What of a commit may make partitions due: what adds to them, and a compaction, during which more may have come. */
const ADDING: TouchKind[] = ['add', 'append', 'merge', 'delete', 'replace', 'rollback', 'rewrite'];

/** How long a partition is left alone that could not be compacted: the next attempt would hardly go better. */
const PAUSE_AFTER_FAILURE_NS = 3_600_000_000_000n;

/**
 * Has those partitions compacted in the background that have gathered enough by the commits since the last look; answers
 * how many. For a loop: it acts on the events that commits leave, each of them once, whichever server does so.
 */
export async function triggerCompactions(context: ServerContext): Promise<number> {
  let triggered = 0;
  for (;;) {
    const events = await listOpenEvents(context.db.reader, 'commit', COMMITS_AT_A_TIME);
    for (const [catalog_id, some] of Map.groupBy(events, (event) => event.catalog_id)) {
      triggered += await actOn(context, catalog_id, some);
    }
    if (events.length < COMMITS_AT_A_TIME) return triggered;
  }
}

async function actOn(context: ServerContext, catalog_id: string, events: StoredEvent[]): Promise<number> {
  const wanted: NewJob[] = [];
  for (const [table_version_id, partition_ids] of await touchedPartitions(context, catalog_id, events)) {
    wanted.push(...(await dueJobs(context, { catalog_id, table_version_id, partition_ids })));
  }
  return context.db.unit(catalog_id, async (queries, now_ns) => {
    let added = 0;
    for (const job of wanted) {
      const newest = await newestJob(queries, job.dedupe_key);
      if (newest && hasFailed(newest) && now_ns - newest.created_at_ns < PAUSE_AFTER_FAILURE_NS) continue;
      const { is_new } = await addJob({ queries, now_ns, newId: context.newId }, job);
      added += is_new ? 1 : 0;
    }
    await removeEvents(queries, events);
    return added;
  });
}

function hasFailed({ state, result }: { state: string; result: Record<string, unknown> }): boolean {
  return state === 'failed' || Number(result.partitions_left ?? 0) > 0;
}

/** The partitions by table version that some commits added to; null stands for all of a version. */
async function touchedPartitions(
  context: ServerContext,
  catalog_id: string,
  events: StoredEvent[],
): Promise<Map<string, string[] | null>> {
  const touched = new Map<string, Set<string> | null>();
  for (const some of chunks(events)) {
    const seqs = some.map(({ seq }) => seq);
    const rows = await context.db.reader
      .selectFrom('touches')
      .select(['object_id', 'partition_id'])
      .where('catalog_id', '=', catalog_id)
      .where('seq', 'in', seqs)
      .where('kind', 'in', ADDING)
      .execute();
    for (const { object_id, partition_id } of rows) {
      const known = touched.get(object_id);
      if (partition_id === null) touched.set(object_id, null);
      else if (known === undefined) touched.set(object_id, new Set([partition_id]));
      else known?.add(partition_id);
    }
  }
  return new Map([...touched].map(([id, partitions]) => [id, partitions && [...partitions]]));
}

async function dueJobs(
  context: ServerContext,
  touched: { catalog_id: string; table_version_id: string; partition_ids: string[] | null },
): Promise<NewJob[]> {
  const { catalog_id, table_version_id, partition_ids } = touched;
  const view = await viewHead(context.db.reader, catalog_id);
  const target = await findTargetById(context, view, table_version_id);
  if (target === null) return [];
  const { stream_id } = target.version;
  const settings = compactionSettings({ ...target.table.properties, ...target.version.properties });
  if (settings.level === 'none') return [];
  const gathered = await listGathered(context.db.reader, { stream_id, partition_ids });
  return gathered
    .filter((partition) => isDue(settings, partition))
    .map(({ partition_id }) => compactionJob(target, partition_id));
}
