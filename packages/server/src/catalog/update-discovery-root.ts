import type { Handler } from '../context.ts';
import { requireBinding } from '../roots/binding-change.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { changeStorage } from '../roots/storage-state.ts';
import { placeOf } from './create-data-root.ts';
import { replaceDiscoveryRoot, requireDiscoveryRoot } from './discovery-root.ts';

/** Changes a place that may be crawled; a disabled one is enabled by `lifecycle_state` alone. */
export const updateDiscoveryRoot: Handler<'update_discovery_root'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog_name);
  const root = placeOf(input.root_uri);
  return changeStorage(context, catalog, async (at) => {
    const before = await requireDiscoveryRoot(at.queries, catalog, input.root_name);
    const { binding_id, binding_revision } = await requireBinding(at.queries, catalog, input.binding_name);
    const { name, settings } = before;
    const next = {
      ...{ name, binding_id, root },
      settings: {
        usage: input.usage ?? settings.usage,
        description: input.description === undefined ? settings.description : input.description,
        authorization: input.authorization === undefined ? settings.authorization : input.authorization,
      },
      lifecycle_state: input.lifecycle_state ?? before.lifecycle_state,
    };
    const discovery_root_id = await replaceDiscoveryRoot(at, context, { catalog, before, next });
    return { changed: true, discovery_root_id, binding_id, binding_revision };
  });
};
