import { isDeepStrictEqual } from 'node:util';
import type { Handler } from '../context.ts';
import { refuseOtherStores, requireBinding, settingsFor } from '../roots/binding-change.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { allRootsOn } from '../roots/data-roots.ts';
import { refuseOverlap } from '../roots/overlap.ts';
import { probeRoot } from '../roots/probe.ts';
import { changeStorage } from '../roots/storage-state.ts';

/**
 * Changes how a store is reached. The binding keeps its id and gets its next revision; the data roots on it are tried
 * before, so that a slip does not take their tables away.
 */
export const updateStorageBinding: Handler<'update_storage_binding'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog_name);
  refuseOtherStores(input);
  const before = await requireBinding(context.db.reader, catalog, input.binding_name);
  const tried = { ...before, ...settingsFor(input, before) };
  for (const { root_id, root } of await allRootsOn(context.db.reader, catalog, before)) {
    await refuseOverlap(context, context.db.reader, { root_id, root, binding: tried });
    await probeRoot(root, tried);
  }
  return changeStorage(context, catalog, async ({ queries, now_ns }) => {
    const found = await requireBinding(queries, catalog, input.binding_name);
    const { binding_id, binding_revision, name, allowed_keys: _, ...current } = found;
    const settings = settingsFor(input, current);
    if (isDeepStrictEqual(settings, current)) return { changed: false, binding_id, binding_revision };
    const next = binding_revision + 1;
    await queries
      .updateTable('storage_bindings')
      .set({ replaced_at_ns: now_ns })
      .where('binding_id', '=', binding_id)
      .where('replaced_at_ns', 'is', null)
      .execute();
    const { catalog_id } = catalog;
    const row = { binding_id, binding_revision: next, catalog_id, name, settings };
    await queries
      .insertInto('storage_bindings')
      .values({ ...row, created_at_ns: now_ns, replaced_at_ns: null })
      .execute();
    return { changed: true, binding_id, binding_revision: next };
  });
};
