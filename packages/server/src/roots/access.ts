import { DeltacatError, type ReadPlan } from '@deltacat/contract';
import { ambientAccess, type Storage, type StorageAccess, s3Storage } from '@deltacat/io-core';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { type Binding, REGION_DEFAULT } from './bindings.ts';
import { allCatalogs, type Catalog } from './catalogs.ts';
import { type DataRoot, dataRootsOf, isOnS3, rootOfPath } from './data-roots.ts';
import { serverKeys } from './keys.ts';
import { refuseUnmeantKeys } from './root-keys.ts';

/**
 * How the server itself opens files: those of this machine as they are, those on S3 by the keys of the data root that they
 * lie in. Roots are looked up anew each time, because another server may have added one just now; where all files are of
 * this machine, nothing is.
 */
export async function accessTo(context: ServerContext, paths: string[]): Promise<StorageAccess> {
  if (!paths.some(isOnS3)) return ambientAccess;
  return accessToRoots(await allRoots(context.db.reader, allCatalogs(context)), paths);
}

/** The data roots of some catalogs. */
export async function allRoots(queries: Queries, catalogs: Catalog[]): Promise<DataRoot[]> {
  const found = await Promise.all(catalogs.map((catalog) => dataRootsOf(queries, catalog)));
  return found.flatMap(({ by_name }) => [...by_name.values()]);
}

/**
 * How the server opens some files, of which it knows in which root they lie. Only the keys of these roots are looked for, and
 * other places on S3 are not opened: the keys of the environment may let the server in where no root lets a table be.
 */
export async function accessToRoots(roots: DataRoot[], paths: string[]): Promise<StorageAccess> {
  const used = new Set(paths.flatMap((path) => rootOfPath(roots, path) ?? []));
  const opened = new Map<DataRoot, Storage>();
  for (const root of used) {
    if (root.binding) opened.set(root, await openRoot(root.root, root.binding));
  }
  return {
    open(path) {
      const root = rootOfPath(used, path);
      const storage = root && opened.get(root);
      if (!storage && isOnS3(path)) throw rootless(path);
      return storage ?? ambientAccess.open(path);
    },
  };
}

function rootless(path: string): DeltacatError {
  const message = `The server does not open ${path}: it lies in no data root. Add the root again that it was in.`;
  return new DeltacatError('storage_denied', message, { path });
}

/** How long the server waits for a store: requests wait behind it, and their callers ask again by themselves. */
const PATIENCE = { connect_ms: 3_000, idle_ms: 5_000, attempts_max: 3 };

/** How many roots are kept open; each is a client of the SDK. */
const OPEN_MAX = 1_000;

const open = new Map<string, Storage>();

/**
 * How the server opens the files of one root. What was opened once is kept for as long as the root stays as it is. Throws
 * `storage_denied` where the operator does not let it.
 */
export async function openRoot(root: string, binding: Binding): Promise<Storage> {
  refuseUnmeantKeys(root, binding);
  const { endpoint_url, region, keys_from } = binding;
  const id = JSON.stringify([root, endpoint_url, region, keys_from]);
  const known = open.get(id);
  if (known) return known;
  const made = s3Storage({
    ...{ endpoint_url, region: region ?? REGION_DEFAULT, patience: PATIENCE },
    keys: await serverKeys(binding),
    renewKeys: () => serverKeys(binding, { anew: true }),
    may_rotate: true,
  });
  open.set(id, made);
  if (open.size > OPEN_MAX) open.delete(open.keys().next().value ?? '');
  return made;
}

/** The paths of some entries or files. */
export function pathsOf(files: readonly { path: string }[]): string[] {
  return files.map(({ path }) => path);
}

/** The paths of all files of a plan. */
export function planPaths({ scan_tasks }: ReadPlan): string[] {
  return scan_tasks.flatMap(({ files }) => pathsOf(files));
}
