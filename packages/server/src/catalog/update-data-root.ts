import { DeltacatError } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import { requireBinding } from '../roots/binding-change.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { dataRootsOf } from '../roots/data-roots.ts';
import { refuseOverlap } from '../roots/overlap.ts';
import { probeRoot } from '../roots/probe.ts';
import { changeStorage } from '../roots/storage-state.ts';
import { placeOf, refuseSystem } from './create-data-root.ts';
import { chooseDefault } from './default-root.ts';
import { requireStoredRoot } from './stored-root.ts';

/**
 * Changes a data root: who opens it, what it is for, or that new files go there. It stays where it is, because files are
 * known by where they are. Of a root of the catalogs file only that new files go there can be said.
 */
export const updateDataRoot: Handler<'update_data_root'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog_name);
  const { reader } = context.db;
  const { root_name: name, binding_name, managed_prefix, usage } = input;
  refuseSystem(input.set_as_system);
  const before = (await dataRootsOf(reader, catalog)).by_name.get(name);
  const isOnlyDefault = !binding_name && !managed_prefix && !usage;
  if (before && managed_prefix && placeOf(managed_prefix) !== before.root) throw moved(name, before.root);
  if (before && binding_name && !before.is_configured) {
    const binding = await requireBinding(reader, catalog, binding_name);
    await refuseOverlap(context, reader, { ...before, binding });
    await probeRoot(before.root, binding);
  }
  return changeStorage(context, catalog, async ({ queries }) => {
    const isOfFile = before?.is_configured && isOnlyDefault;
    const root = isOfFile ? before : requireStoredRoot(catalog, await dataRootsOf(queries, catalog), name);
    const binding = binding_name ? await requireBinding(queries, catalog, binding_name) : root.binding;
    const set = {
      ...(binding && binding_name ? { binding_id: binding.binding_id } : {}),
      ...(usage ? { usages: usage } : {}),
    };
    if (Object.keys(set).length > 0) {
      await queries.updateTable('data_roots').set(set).where('root_id', '=', root.root_id).execute();
    }
    if (input.set_as_default) await chooseDefault(queries, catalog, name);
    const { binding_id = null, binding_revision = null } = binding ?? {};
    return { changed: true, root_id: root.root_id, binding_id, binding_revision };
  });
};

function moved(name: string, root: string): DeltacatError {
  return new DeltacatError(
    'invalid_request',
    `Data root "${name}" is at ${root} and stays there: its files are known by where they are. Add another root, and let new files go there.`,
    { root_name: name },
  );
}
