import type { Handler } from '../context.ts';
import { addBinding, refuseOtherStores, settingsFor } from '../roots/binding-change.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { changeStorage } from '../roots/storage-state.ts';

/** Adds a storage binding. Nothing is asked of the store until a root is put on it. */
export const createStorageBinding: Handler<'create_storage_binding'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog_name);
  refuseOtherStores(input);
  const settings = settingsFor(input);
  return changeStorage(context, catalog, async (at) => {
    const { binding_id, binding_revision } = await addBinding(at, context, { catalog, name: input.name, settings });
    return { changed: true, binding_id, binding_revision };
  });
};
