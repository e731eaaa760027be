import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { bindingsOf, describeDiscoveryRoot, discoveryRootsOf } from '../roots/storage-state.ts';
import { withHistory } from './discovery-root.ts';

/** Lists the places that may be crawled by name; a page goes on after the name that ended the one before. */
export const listDiscoveryRoots: Handler<'list_discovery_roots'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog_name);
  const { reader } = context.db;
  const { include_disabled, include_history, page_token } = input;
  const all = (await discoveryRootsOf(reader, catalog)).filter(
    ({ name, lifecycle_state }) =>
      (include_disabled || lifecycle_state === 'active') && (!page_token || name > page_token),
  );
  const page = all.slice(0, input.limit ?? all.length);
  const bindings = await bindingsOf(reader, catalog);
  const items = await Promise.all(
    page.map((root) =>
      include_history ? withHistory(reader, { catalog, bindings }, root) : describeDiscoveryRoot(root, bindings),
    ),
  );
  return { items, next_page_token: page.length < all.length ? (page.at(-1)?.name ?? null) : null };
};
