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

/** The ids of schemes that tasks and their files name. */
export interface SchemesNamed {
  partition: Set<string>;
  sort: Set<string>;
}

/** Notes the schemes that a task and its files name. */
export function noteSchemes({ partition, sort }: SchemesNamed, task: ScanTask): void {
  partition.add(String(task.partition_scheme_id));
  for (const { sort_scheme_id } of task.files) sort.add(String(sort_scheme_id));
}

/** Finds schemes that were named; those of unpartitioned and unsorted data are no schemes. */
export async function findSchemes(
  queries: Queries,
  { version }: ReadTarget,
  named: SchemesNamed,
): Promise<PlanSchemes> {
  const { table_version_id, partition_scheme, sort_scheme } = version;
  const all = async () => schemesById(queries, table_version_id);
  return {
    partition_schemes_by_id: await collect(named.partition, partition_scheme, async () => (await all()).partition),
    sort_schemes_by_id: await collect(named.sort, sort_scheme, async () => (await all()).sort),
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
