import { readOptimizationLevel } from '../catalog/compaction-settings.ts';
import type { TouchKind } from '../commits/touches.ts';
import type { RequestContext } from '../context.ts';
import { findTargetById } from '../reads/target.ts';
import type { Catalog } from '../roots/catalogs.ts';
import { viewHead } from '../snapshots/view.ts';
import { compactPartition } from './compact.ts';
import { mapParallel } from './parallel.ts';

/** Partitions compacted at a time for one commit; each merge uses all cores by itself. */
const PARTITIONS_AT_A_TIME_MAX = 2;

/** How long the answer to a commit waits for it: less than clients wait for their answers. */
const WAIT_MS = 15_000;

/**
 * As long as so many go on whose commits were answered without them, commits leave theirs to the background: their clients
 * write on, and what takes too long would pile up.
 */
const LATE_MAX = 2;

const MERGING: TouchKind[] = ['merge', 'delete', 'replace'];

/**
 * Compacts what a durable commit merged rows into, before it is answered, where the level of its table is `max`: such a
 * table is read more than it is written. Never fails and never takes too long for the caller: what is not begun then is
 * left to the background.
 */
export function compactCommitted(
  context: RequestContext,
  { catalog, seq }: { catalog: Catalog; seq: number },
): Promise<void> {
  return withinTime(context, async (late) => {
    const touched = await context.db.reader
      .selectFrom('touches')
      .select(['object_id', 'partition_id'])
      .where('catalog_id', '=', catalog.catalog_id)
      .where('seq', '=', seq)
      .where('kind', 'in', MERGING)
      // A commit so wide that it counts as touching everything would take too long.
      .where('partition_id', 'is not', null)
      .execute();
    const view = await viewHead(context.db.reader, catalog.catalog_id);
    for (const [table_version_id, some] of Map.groupBy(touched, ({ object_id }) => object_id)) {
      const target = await findTargetById(context, view, table_version_id);
      const properties = { ...target?.table.properties, ...target?.version.properties };
      if (readOptimizationLevel(properties) !== 'max') continue;
      const partition_ids = new Set(some.flatMap(({ partition_id }) => partition_id ?? []));
      await mapParallel([...partition_ids], PARTITIONS_AT_A_TIME_MAX, async (partition_id) => {
        if (!late.aborted) await compactPartition(context, { catalog, table_version_id, partition_id });
      });
    }
  });
}

let lateCount = 0;

/**
 * Waits for some work, but not too long and not for its success: the commit that it follows is durable already. It is told
 * when it is late, and is not begun while too much is.
 */
async function withinTime(context: RequestContext, work: (late: AbortSignal) => Promise<void>): Promise<void> {
  if (lateCount >= LATE_MAX) return;
  const late = new AbortController();
  const done = work(late.signal).catch((error) =>
    context.log.warn({ err: error }, 'a commit could not be compacted at once'),
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    late.abort();
    lateCount += 1;
    done.finally(() => {
      lateCount -= 1;
    });
    resolve();
  }, WAIT_MS);
  await Promise.race([done, promise]);
  clearTimeout(timer);
}
