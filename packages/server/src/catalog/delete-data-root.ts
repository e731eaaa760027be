import { DeltacatError } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { type DataRoot, dataRootsOf } from '../roots/data-roots.ts';
import { changeStorage } from '../roots/storage-state.ts';
import { requireStoredRoot } from './stored-root.ts';

/**
 * Removes a data root from the catalog, unless files of it are part of a table, now or earlier, or are being written: they
 * could not be opened any more. What lies in the store itself stays there.
 */
export const deleteDataRoot: Handler<'delete_data_root'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog_name);
  const { root_name: name } = input;
  return changeStorage(context, catalog, async ({ queries }) => {
    const roots = await dataRootsOf(queries, catalog);
    const root = requireStoredRoot(catalog, roots, name);
    if (roots.default_name === name) throw inUse(root, 'New files go there: let them go elsewhere first.');
    if (await isBeingWritten(queries, catalog.catalog_id, name)) {
      throw inUse(root, 'Write sessions are open there: wait until they are closed, or abort them.');
    }
    if (await hasFiles(queries, root)) throw inUse(root, 'Tables have files there, now or at an earlier time.');
    await queries.deleteFrom('data_roots').where('root_id', '=', root.root_id).execute();
    const { binding_id = null, binding_revision = null } = root.binding ?? {};
    return { changed: true, root_id: root.root_id, binding_id, binding_revision };
  });
};

/** Sorts after every path below a folder: "0" is the character after "/". */
const AFTER_SLASH = '0';

async function hasFiles(queries: Queries, { root }: DataRoot): Promise<boolean> {
  const row = await queries
    .selectFrom('files')
    .select('file_id')
    .where('path', '>=', `${root}/`)
    .where('path', '<', `${root}${AFTER_SLASH}`)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

async function isBeingWritten(queries: Queries, catalog_id: string, name: string): Promise<boolean> {
  const row = await queries
    .selectFrom('write_sessions')
    .select('session_id')
    .where('catalog_id', '=', catalog_id)
    .where('data_root', '=', name)
    .where('status', 'in', ['OPEN', 'ATTACHED'])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

function inUse({ name }: DataRoot, why: string): DeltacatError {
  return new DeltacatError('invalid_request', `Data root "${name}" cannot be removed. ${why}`, { root_name: name });
}
