import { DeltacatError, type DiscoveryRootAnswer } from '@deltacat/contract';
import type { RequestContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import type { Binding } from '../roots/bindings.ts';
import type { Catalog } from '../roots/catalogs.ts';
import { type DiscoveryRoot, describeDiscoveryRoot } from '../roots/storage-state.ts';

/** The place of that name as it is now; null when there never was one. */
export async function findDiscoveryRoot(
  queries: Queries,
  { catalog_id }: Catalog,
  name: string,
): Promise<DiscoveryRoot | null> {
  const row = await queries
    .selectFrom('discovery_roots')
    .selectAll()
    .where('catalog_id', '=', catalog_id)
    .where('name', '=', name)
    .where('replaced_at_ns', 'is', null)
    .executeTakeFirst();
  return row ?? null;
}

/** The place of that name, disabled or not. Throws `not_found`. */
export async function requireDiscoveryRoot(queries: Queries, catalog: Catalog, name: string): Promise<DiscoveryRoot> {
  const found = await findDiscoveryRoot(queries, catalog, name);
  if (found) return found;
  const message = `Catalog "${catalog.name}" has no discovery root "${name}". Make it with create_discovery_root.`;
  throw new DeltacatError('not_found', message, { root_name: name });
}

/** All states that a place had, the newest first. */
export function statesOf(queries: Queries, { catalog_id }: Catalog, name: string): Promise<DiscoveryRoot[]> {
  return queries
    .selectFrom('discovery_roots')
    .selectAll()
    .where('catalog_id', '=', catalog_id)
    .where('name', '=', name)
    .orderBy('created_at_ns', 'desc')
    .orderBy('discovery_root_id')
    .execute();
}

/** A place with its earlier states. */
export async function withHistory(
  queries: Queries,
  { catalog, bindings }: { catalog: Catalog; bindings: Binding[] },
  root: DiscoveryRoot,
): Promise<DiscoveryRootAnswer> {
  const states = await statesOf(queries, catalog, root.name);
  const earlier = states.filter(({ created_at_ns }) => created_at_ns < root.created_at_ns);
  const history = earlier.map((state) => ({ ...describeDiscoveryRoot(state, bindings) }));
  return { ...describeDiscoveryRoot(root, bindings), history };
}

/** What a place becomes. */
export type NextState = Pick<DiscoveryRoot, 'name' | 'binding_id' | 'root' | 'settings' | 'lifecycle_state'>;

/** Gives a place its next state; the one before is kept. */
export async function replaceDiscoveryRoot(
  { queries, now_ns }: { queries: Queries; now_ns: bigint },
  context: RequestContext,
  of: { catalog: Catalog; before: DiscoveryRoot | null; next: NextState },
): Promise<string> {
  const { catalog, before, next } = of;
  const discovery_root_id = context.newId();
  if (before) {
    await queries
      .updateTable('discovery_roots')
      .set({ replaced_at_ns: now_ns })
      .where('discovery_root_id', '=', before.discovery_root_id)
      .execute();
  }
  const isDisabled = next.lifecycle_state === 'disabled';
  await queries
    .insertInto('discovery_roots')
    .values({
      ...{ ...next, discovery_root_id, catalog_id: catalog.catalog_id },
      previous_discovery_root_id: before?.discovery_root_id ?? null,
      ...{ created_at_ns: now_ns, created_by: context.user, replaced_at_ns: null },
      ...{ disabled_at_ns: isDisabled ? now_ns : null, disabled_by: isDisabled ? context.user : null },
    })
    .execute();
  return discovery_root_id;
}
