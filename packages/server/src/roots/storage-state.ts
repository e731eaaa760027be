import type { DiscoveryRootAnswer, StorageChange, StorageState } from '@deltacat/contract';
import type { Selectable } from 'kysely';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import type { DiscoveryRootRow } from '../db/root-rows.ts';
import { type Binding, bindingOfRow, describeBinding } from './bindings.ts';
import type { Catalog } from './catalogs.ts';
import { dataRootsOf, describeRoots } from './data-roots.ts';

/** One state of a place that may be crawled, as it is stored. */
export type DiscoveryRoot = Selectable<DiscoveryRootRow>;

/** What a change of roots or bindings was about. */
export type Changed = Omit<StorageChange, 'state'>;

/** Changes roots or bindings of a catalog in one unit of work, and answers with the state after it. */
export async function changeStorage(
  context: ServerContext,
  catalog: Catalog,
  work: (at: { queries: Queries; now_ns: bigint }) => Promise<Changed>,
): Promise<StorageChange> {
  return context.db.unit(catalog.catalog_id, async (queries, now_ns) => {
    const changed = await work({ queries, now_ns });
    return { ...changed, state: await storageState(queries, catalog) };
  });
}

/** Where data of a catalog lies, and what may be crawled. */
export async function storageState(queries: Queries, catalog: Catalog): Promise<StorageState> {
  const { by_name, default_name } = await dataRootsOf(queries, catalog);
  const configured = [...by_name.values()].flatMap(({ binding, is_configured }) =>
    binding && is_configured ? [binding] : [],
  );
  const stored = await bindingsOf(queries, catalog);
  const discovery = await discoveryRootsOf(queries, catalog);
  return {
    catalog_name: catalog.name,
    data_roots: describeRoots(by_name.values()),
    default_root_name: default_name,
    storage_bindings: Object.fromEntries(
      [...configured, ...stored].map((binding) => [binding.binding_id, describeBinding(binding)]),
    ),
    discovery_roots: Object.fromEntries(
      discovery
        .filter(({ lifecycle_state }) => lifecycle_state === 'active')
        .map((root) => [root.name, describeDiscoveryRoot(root, stored)]),
    ),
    system_root_name: null,
  };
}

/** The bindings of the store as they are now, by name. */
export async function bindingsOf(queries: Queries, { catalog_id, root_keys }: Catalog): Promise<Binding[]> {
  const rows = await queries
    .selectFrom('storage_bindings')
    .selectAll()
    .where('catalog_id', '=', catalog_id)
    .where('replaced_at_ns', 'is', null)
    .orderBy('name')
    .execute();
  return rows.map((row) => bindingOfRow(row, root_keys));
}

/** The places that may be crawled as they are now, disabled ones too, by name. */
export function discoveryRootsOf(queries: Queries, { catalog_id }: Catalog): Promise<DiscoveryRoot[]> {
  return queries
    .selectFrom('discovery_roots')
    .selectAll()
    .where('catalog_id', '=', catalog_id)
    .where('replaced_at_ns', 'is', null)
    .orderBy('name')
    .execute();
}

/** A place that may be crawled, in the words of the API. */
export function describeDiscoveryRoot(root: DiscoveryRoot, bindings: Binding[]): DiscoveryRootAnswer {
  const { discovery_root_id, name, binding_id, settings, lifecycle_state, previous_discovery_root_id } = root;
  const found = bindings.find((one) => one.binding_id === binding_id);
  const binding = found ? describeBinding(found) : null;
  return {
    ...{ discovery_root_id, name, binding_id, lifecycle_state, previous_discovery_root_id, binding },
    root_uri: root.root,
    binding_name: binding?.name ?? null,
    binding_revision: binding?.binding_revision ?? null,
    endpoint_url: binding?.endpoint_url ?? null,
    region: binding?.region ?? null,
    storage_type: 's3',
    storage_class: 'discovery',
    uri_scheme: 's3',
    ...settings,
    created_at: timeText(root.created_at_ns),
    created_by: root.created_by,
    disabled_at: root.disabled_at_ns === null ? null : timeText(root.disabled_at_ns),
    disabled_by: root.disabled_by,
  };
}

function timeText(at_ns: bigint): string {
  return new Date(Number(at_ns / 1_000_000n)).toISOString();
}
