import { EMPTY_SCHEME_ID, type PartitionScheme, type ScanTask, type SortScheme } from '@deltacat/contract';
import type { Queries } from '../db/database.ts';
import { schemesById } from '../snapshots/partitions.ts';
import type { ReadTarget } from './target.ts';

/** What stands where a scheme is named: nothing, or that there is none. */
const NO_SCHEME = new Set(['null', 'undefined', EMPTY_SCHEME_ID]);

/** The schemes that the tasks and files of a plan name. */
export interface PlanSchemes {
  partition_schemes_by_id: Record<string, PartitionScheme>;
  sort_schemes_by_id: Record<string, SortScheme>;
}

/** Finds the schemes that tasks and their files name; those of unpartitioned and unsorted data are no schemes. */
export async function findSchemes(
  queries: Queries,
  { version }: ReadTarget,
  tasks: readonly ScanTask[],
): Promise<PlanSchemes> {
  const { table_version_id, partition_scheme, sort_scheme } = version;
  const partitioned = new Set(tasks.map((task) => String(task.partition_scheme_id)));
  const sorted = new Set(tasks.flatMap(({ files }) => files.map((file) => String(file.sort_scheme_id))));
  const all = async () => schemesById(queries, table_version_id);
  return {
    partition_schemes_by_id: await collect(partitioned, partition_scheme, async () => (await all()).partition),
    sort_schemes_by_id: await collect(sorted, sort_scheme, async () => (await all()).sort),
  };
}

/** The named schemes; the earlier ones are looked up only when one of them is named. */
async function collect<S extends { id?: string | number | null | undefined }>(
  ids: Set<string>,
  current: S | null,
  findAll: () => Promise<Map<string, S>>,
): Promise<Record<string, S>> {
  const wanted = [...ids].filter((id) => !NO_SCHEME.has(id));
  const onlyCurrent = wanted.every((id) => id === String(current?.id));
  const known = onlyCurrent ? new Map(current ? [[String(current.id), current]] : []) : await findAll();
  const found: Record<string, S> = {};
  for (const id of wanted) {
    const scheme = known.get(id);
    if (scheme) found[id] = scheme;
  }
  return found;
}
