import { type DataRoot as DataRootAnswer, DeltacatError } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { prepared } from '../db/prepared.ts';
import { type Binding, bindingOfConfig, bindingOfRow, REGION_DEFAULT } from './bindings.ts';
import type { Catalog } from './catalogs.ts';

/** A place for data of a catalog: a folder of this machine, or a prefix on S3, where its binding says how to get there. */
export interface DataRoot {
  root_id: string;
  name: string;
  /** A folder, or `s3://bucket/prefix`; without a slash at its end. */
  root: string;
  binding: Binding | null;
  usages: string[];
  /** Whether it is one of the catalogs file, which nothing else changes. */
  is_configured: boolean;
}

/** The data roots of a catalog, and which of them new files go to. */
export interface DataRoots {
  default_name: string;
  by_name: Map<string, DataRoot>;
}

const selectRoots = prepared((queries, of: { catalog_id: string }) =>
  queries
    .selectFrom('data_roots')
    .innerJoin('storage_bindings', 'storage_bindings.binding_id', 'data_roots.binding_id')
    .selectAll('storage_bindings')
    .select(['data_roots.root_id', 'data_roots.root', 'data_roots.usages', 'data_roots.is_default'])
    .select('data_roots.name as root_name')
    .where('data_roots.catalog_id', '=', of.catalog_id)
    .where('storage_bindings.replaced_at_ns', 'is', null)
    .orderBy('data_roots.created_at_ns')
    .orderBy('data_roots.name'),
);

/**
 * The data roots of a catalog as they are now, whichever server added them. Those of the catalogs file come first, and one
 * of the store that has the name of such a root does not count.
 */
export async function dataRootsOf(queries: Queries, catalog: Catalog): Promise<DataRoots> {
  const configured = Object.entries(catalog.data_roots).map(([name, config]): [string, DataRoot] => {
    const binding = config.storage_type === 's3' ? bindingOfConfig(name, config) : null;
    return [
      name,
      { ...{ root_id: `root:${name}`, name, root: config.root, binding }, usages: [], is_configured: true },
    ];
  });
  const by_name = new Map(configured);
  let default_name = catalog.data_root;
  for (const row of (await selectRoots(queries, { catalog_id: catalog.catalog_id })).rows) {
    const { root_id, root, root_name: name, usages, is_default } = row;
    if (by_name.has(name)) continue;
    const binding = bindingOfRow(row, catalog.root_keys);
    by_name.set(name, { root_id, name, root, binding, usages, is_configured: false });
    if (is_default && !catalog.has_fixed_root) default_name = name;
  }
  return { default_name, by_name };
}

/** The data root of that name, or the one that new files go to. Throws `invalid_request`. */
export async function chooseRoot(
  { db }: ServerContext,
  catalog: Catalog,
  wanted: string | null | undefined,
): Promise<DataRoot> {
  const { by_name, default_name } = await dataRootsOf(db.reader, catalog);
  const name = wanted ?? default_name;
  const found = by_name.get(name);
  if (found) return found;
  const known = [...by_name.keys()].join(', ');
  const message = `Catalog "${catalog.name}" has no data root "${name}". It has: ${known}.`;
  throw new DeltacatError('invalid_request', message, { root: name });
}

/** The data roots that a binding opens. */
export async function allRootsOn(queries: Queries, catalog: Catalog, { binding_id }: Binding): Promise<DataRoot[]> {
  const { by_name } = await dataRootsOf(queries, catalog);
  return [...by_name.values()].filter(({ binding }) => binding?.binding_id === binding_id);
}

/** The data root that a file or folder lies in, the innermost where roots lie in each other; null for none. */
export function rootOfPath(roots: Iterable<DataRoot>, path: string): DataRoot | null {
  let found: DataRoot | null = null;
  for (const root of roots) {
    const isInside = `${path}/`.startsWith(`${root.root}/`);
    if (isInside && root.root.length > (found?.root.length ?? 0)) found = root;
  }
  return found;
}

/** Refuses a file on S3 outside all data roots: readers could not be told how to open it. Throws `invalid_entry`. */
export function refuseRootless(path: string, roots: DataRoot[]): void {
  if (!isOnS3(path) || rootOfPath(roots, path)) return;
  const known = roots.flatMap(({ name, root, binding }) => (binding ? [`${name} (${root})`] : [])).join(', ');
  throw new DeltacatError(
    'invalid_entry',
    `${path} lies in no data root of the catalog, which are on S3: ${known || 'none'}. Register the files of a data root, or add one.`,
    { path },
  );
}

/** Whether a path is one of S3, and not of this machine. */
export function isOnS3(path: string): boolean {
  return path.startsWith('s3://');
}

function describeRoot({ root, root_id, binding, usages }: DataRoot): DataRootAnswer {
  if (!binding) return { root, storage_type: 'local' };
  const { binding_id, binding_revision, endpoint_url, region } = binding;
  return {
    ...{ root, storage_type: 's3', endpoint_url, region: region ?? REGION_DEFAULT },
    ...{ root_id, binding_id, binding_revision, usage: usages },
  };
}

/** Several data roots as they are answered, by name. */
export function describeRoots(roots: Iterable<DataRoot>): Record<string, DataRootAnswer> {
  return Object.fromEntries([...roots].map((root) => [root.name, describeRoot(root)]));
}
