import { DeltacatError } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { bindingsOf, describeDiscoveryRoot } from '../roots/storage-state.ts';
import { requireDiscoveryRoot, statesOf, withHistory } from './discovery-root.ts';

/** Describes a place that may be crawled, as it is now, or as it was in the state of an id. */
export const describeDiscoveryRootNamed: Handler<'describe_discovery_root'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog_name);
  const { reader } = context.db;
  const { root_name: name, discovery_root_id: wanted, include_history } = input;
  const newest = await requireDiscoveryRoot(reader, catalog, name);
  const found = wanted
    ? (await statesOf(reader, catalog, name)).find(({ discovery_root_id }) => discovery_root_id === wanted)
    : newest;
  if (!found) {
    const message = `Discovery root "${name}" has no state "${wanted}". Ask for its history to see which it has.`;
    throw new DeltacatError('not_found', message, { root_name: name, discovery_root_id: wanted });
  }
  const bindings = await bindingsOf(reader, catalog);
  return include_history ? withHistory(reader, { catalog, bindings }, found) : describeDiscoveryRoot(found, bindings);
};
