import { DeltacatError, s3Root } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { addBinding, findBinding, requireBinding, settingsFor } from '../roots/binding-change.ts';
import { type Catalog, catalogNamed } from '../roots/catalogs.ts';
import { dataRootsOf } from '../roots/data-roots.ts';
import { refuseOverlap } from '../roots/overlap.ts';
import { probeRoot } from '../roots/probe.ts';
import { changeStorage } from '../roots/storage-state.ts';
import { chooseDefault } from './default-root.ts';

/**
 * Adds a data root to those of the catalogs file. The server writes, reads and removes a file there before, so that what
 * cannot be used is told to who adds it, and not to the first writer.
 */
export const createDataRoot: Handler<'create_data_root'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog_name);
  const { reader } = context.db;
  const { name, binding_name } = input;
  refuseSystem(input.set_as_system);
  const root = placeOf(input.managed_prefix);
  await refuseTaken(reader, catalog, { name, root });
  const settings = settingsFor(input.binding ?? {});
  const found = binding_name ? await requireBinding(reader, catalog, binding_name) : null;
  if (!found && (await findBinding(reader, catalog, name))) throw bindingTaken(catalog, name);
  const { root_keys: allowed_keys } = catalog;
  const tried = found ?? { ...settings, binding_id: '', binding_revision: 0, name, allowed_keys };
  await refuseOverlap(context, reader, { root_id: null, root, binding: tried });
  await probeRoot(root, tried);
  return changeStorage(context, catalog, async (at) => {
    const { queries, now_ns } = at;
    await refuseTaken(queries, catalog, { name, root });
    await refuseOverlap(context, queries, { root_id: null, root, binding: tried });
    const binding = binding_name
      ? await requireBinding(queries, catalog, binding_name)
      : await addBinding(at, context, { catalog, name, settings });
    const { binding_id, binding_revision } = binding;
    const root_id = `root:${name}:${context.newId()}`;
    await queries
      .insertInto('data_roots')
      .values({
        ...{ root_id, name, binding_id, root, catalog_id: catalog.catalog_id },
        ...{ usages: input.usage ?? [], is_default: false, created_at_ns: now_ns },
      })
      .execute();
    if (input.set_as_default) await chooseDefault(queries, catalog, name);
    return { changed: true, root_id, binding_id, binding_revision };
  });
};

/** The address of a place on S3, with or without its scheme. Throws `invalid_request`, `not_supported`. */
export function placeOf(managed_prefix: string): string {
  const uri = managed_prefix.replace(/^s3a:\/\//i, 's3://');
  const parsed = s3Root.safeParse(uri.includes('://') ? uri : `s3://${uri.replace(/^\/+/, '')}`);
  if (parsed.success) return parsed.data;
  const isElsewhere = /^(?!s3:)[a-z0-9+.-]+:\/\//i.test(uri);
  const message = `${managed_prefix} ${parsed.error.issues[0]?.message}.`;
  throw new DeltacatError(isElsewhere ? 'not_supported' : 'invalid_request', message, { managed_prefix });
}

/** Refuses what has no meaning here, so that nobody counts on it. */
export function refuseSystem(set_as_system: boolean): void {
  if (!set_as_system) return;
  throw new DeltacatError(
    'not_supported',
    'There is no system root here: the server keeps its own state in its store.',
  );
}

async function refuseTaken(queries: Queries, catalog: Catalog, of: { name: string; root: string }): Promise<void> {
  const { by_name } = await dataRootsOf(queries, catalog);
  const same = by_name.get(of.name);
  if (same) {
    const message = `Catalog "${catalog.name}" has a data root "${of.name}" already, at ${same.root}. Choose another name.`;
    throw new DeltacatError('name_taken', message, { root_name: of.name });
  }
  const twin = [...by_name.values()].find(({ root }) => root === of.root);
  if (!twin) return;
  throw new DeltacatError(
    'name_taken',
    `${of.root} is the data root "${twin.name}" of the catalog already. Use that.`,
    {
      root_name: twin.name,
    },
  );
}

function bindingTaken(catalog: Catalog, name: string): DeltacatError {
  return new DeltacatError(
    'name_taken',
    `Catalog "${catalog.name}" has a storage binding "${name}" already. Name it by binding_name to use it, or choose another name.`,
    { binding_name: name },
  );
}
