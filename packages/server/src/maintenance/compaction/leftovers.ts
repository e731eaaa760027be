import type { ServerContext } from '../../context.ts';
import type { Job } from '../../jobs/job.ts';
import { accessTo } from '../../roots/access.ts';
import type { Catalog } from '../../roots/catalogs.ts';
import { dataRootsOf } from '../../roots/data-roots.ts';
import { COMPACTORS } from '../../snapshots/deltas.ts';
import { folderFor } from '../../writes/folder.ts';
import { claimFolder } from './compaction-job.ts';

/**
 * Removes what an earlier claim of a job wrote and did not publish, as when its server was killed. It cannot publish any
 * more: a rewrite is refused once its job has another claim.
 */
export async function removeLeftovers(context: ServerContext, catalog: Catalog, job: Job): Promise<void> {
  const queries = context.db.reader;
  const version = await queries
    .selectFrom('table_versions')
    .select('table_id')
    .where('table_version_id', '=', job.subject_id)
    .limit(1)
    .executeTakeFirst();
  if (!version) return;
  const published = await queries
    .selectFrom('deltas')
    .innerJoin('manifests', 'manifests.manifest_id', 'deltas.manifest_id')
    .innerJoin('files', 'files.manifest_id', 'manifests.manifest_id')
    .select('files.path')
    .where('deltas.table_version_id', '=', job.subject_id)
    .where('manifests.author_name', 'in', COMPACTORS)
    .where('manifests.created_at_ns', '>=', job.created_at_ns)
    .execute();
  const named = new Set(published.map(({ path }) => path));
  const { by_name } = await dataRootsOf(queries, catalog);
  // Another root may have been the one for new files then. In one that cannot be reached now they are garbage, not harm.
  await Promise.allSettled(
    [...by_name.values()].map(async (root) => {
      for (let claim_generation = 1; claim_generation < job.claim_generation; claim_generation += 1) {
        const folder = folderFor(root, { table_id: version.table_id, id: claimFolder({ ...job, claim_generation }) });
        const storage = (await accessTo(context, [folder])).open(folder);
        for await (const { path } of storage.list(folder)) if (!named.has(path)) await storage.remove(path);
      }
    }),
  );
}
