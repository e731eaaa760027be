import { posix } from 'node:path';
import {
  type ColumnStats,
  type ContentEncoding,
  type ContentType,
  DeltacatError,
  type WriteEntry,
} from '@deltacat/contract';
import {
  folderSize,
  type Inspection,
  inspectFile,
  type Storage,
  type StorageAccess,
  tellsColumns,
} from '@deltacat/io-core';
import { type DataRoot, refuseRootless } from '../roots/data-roots.ts';
import { type Folder, normalizePath, openFolder, refuseOutside } from './entry-path.ts';
import { mapParallel } from './parallel.ts';

/** A file that was looked at: it exists, and is what its entry says. */
export interface VerifiedFile {
  entry: WriteEntry;
  path: string;
  content_type: ContentType;
  content_encoding: ContentEncoding;
  record_count: number;
  content_length: number;
  /** The columns of the file; null for formats that do not tell them. */
  schema: Inspection['schema'];
  column_stats: Record<string, ColumnStats> | null;
}

/** How many files of one commit are looked at together; more only queue in front of the disk. */
const FILES_AT_ONCE = 16;

/** Encodings by the extensions that writers give them. */
const ENCODING_BY_EXTENSION: Record<string, ContentEncoding> = {
  '.gz': 'gzip',
  '.zst': 'zstd',
  '.bz2': 'bzip2',
  '.sz': 'snappy',
};

/** Formats that hold many files in one folder. */
const FOLDER_FORMATS: ContentType[] = ['lance'];

/** The folder that every Lance dataset has in its own: another one is not walked through, the whole disk least of all. */
const LANCE_VERSIONS = '_versions';

/** What the files of a write are held to, and how they are opened. */
export interface EntryRules {
  /** The folder that they must lie in; null: any folder of this machine, or any of these data roots. */
  data_dir: string | null;
  roots: DataRoot[];
  /** The format of entries that name none. */
  format: ContentType;
  access: StorageAccess;
}

/**
 * Looks at every file that a write hands over. Throws `entry_outside_session` for one outside `data_dir`, `invalid_entry` for one
 * that is missing, in no data root, named twice, or not what its entry says.
 */
export async function verifyEntries(entries: WriteEntry[], rules: EntryRules): Promise<VerifiedFile[]> {
  const { access } = rules;
  const paths = entries.map(({ path }) => normalizePath(path, access));
  refuseRepeated(paths);
  const folder = rules.data_dir === null ? null : await openFolder(rules.data_dir, access);
  return mapParallel(entries, FILES_AT_ONCE, (entry, index) =>
    // There is one path for every entry.
    verifyEntry(entry, { ...rules, path: paths[index] as string, folder }),
  );
}

function refuseRepeated(paths: string[]): void {
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) throw invalidEntry(path, 'is named twice in one commit. Name every file once.');
    seen.add(path);
  }
}

async function verifyEntry(
  entry: WriteEntry,
  at: EntryRules & { path: string; folder: Folder | null },
): Promise<VerifiedFile> {
  const { path, folder, access } = at;
  const content_type = entry.content_type ?? at.format;
  const content_encoding = entry.content_encoding ?? encodingOf(path, content_type);
  const found = await reachable(path, async () => {
    if (folder) await refuseOutside(path, folder, access);
    else refuseRootless(path, at.roots);
    return inspect({ path, content_type, content_encoding }, access);
  });
  return {
    entry,
    path,
    content_type,
    content_encoding,
    record_count: agreedCount(entry, path, found),
    content_length: agreedSize(entry, path, { size_bytes: found.size_bytes, content_type }),
    schema: found.schema,
    column_stats: agreedStats(entry, found),
  };
}

/** What the operating system says of a path that no file can have, or that the server may not open. */
const UNREACHABLE = ['EACCES', 'EPERM', 'ENAMETOOLONG', 'ELOOP', 'EISDIR', 'EINVAL', 'ENXIO', 'ENODEV', 'EOPNOTSUPP'];

async function reachable<T>(path: string, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!UNREACHABLE.includes(code)) throw error;
    throw invalidEntry(path, `cannot be opened by the server (${code}). Check its name and its permissions.`);
  }
}

function encodingOf(path: string, content_type: ContentType): ContentEncoding {
  if (content_type === 'parquet' || content_type === 'feather') return 'identity';
  return ENCODING_BY_EXTENSION[posix.extname(path).toLowerCase()] ?? 'identity';
}

interface FileFormat {
  path: string;
  content_type: ContentType;
  content_encoding: ContentEncoding;
}

async function inspect(file: FileFormat, access: StorageAccess): Promise<Inspection> {
  const { path, content_type, content_encoding } = file;
  // A wrapped file hides its own footer: only its size can be told.
  if (content_encoding === 'identity' && !FOLDER_FORMATS.includes(content_type)) {
    const found = await inspectFile({ path, content_type, access });
    return tellsColumns(content_type) ? found : { ...found, schema: null };
  }
  const storage = access.open(path);
  const size =
    (await storage.size(path)) ?? (FOLDER_FORMATS.includes(content_type) ? await datasetSize(storage, path) : null);
  if (size === null) throw invalidEntry(path, 'does not exist. Write the file before the commit.');
  return { record_count: null, size_bytes: size, schema: null, column_stats: null };
}

async function datasetSize(storage: Storage, path: string): Promise<number | null> {
  const versions = await folderSize(storage, `${path}/${LANCE_VERSIONS}`);
  return versions === null ? null : folderSize(storage, path);
}

function agreedCount(entry: WriteEntry, path: string, { record_count }: Inspection): number {
  const claimed = entry.record_count ?? null;
  if (record_count === null && claimed === null) {
    throw invalidEntry(path, 'does not tell how many rows it has. Say so by record_count.');
  }
  if (record_count !== null && claimed !== null && claimed !== record_count) {
    throw invalidEntry(path, `has ${record_count} rows, its entry says ${claimed}. Commit what was written.`);
  }
  return record_count ?? claimed ?? 0;
}

function agreedSize(entry: WriteEntry, path: string, found: { size_bytes: number; content_type: ContentType }): number {
  const claimed = entry.content_length ?? null;
  // A folder has no size of its own: writers count its files differently.
  const comparable = !FOLDER_FORMATS.includes(found.content_type);
  if (comparable && claimed !== null && claimed !== found.size_bytes) {
    throw invalidEntry(path, `has ${found.size_bytes} bytes, its entry says ${claimed}. Commit what was written.`);
  }
  return found.size_bytes;
}

/** Bounds that the file itself tells go before those that were sent along: wrong ones would hide rows. */
function agreedStats(entry: WriteEntry, found: Inspection): Record<string, ColumnStats> | null {
  if (!entry.column_stats) return found.column_stats;
  if (!found.column_stats) return entry.column_stats;
  const known = Object.entries(entry.column_stats).filter(([column]) =>
    Object.hasOwn(found.column_stats ?? {}, column),
  );
  const merged = known.map(([column, stats]) => [column, { ...stats, ...found.column_stats?.[column] }]);
  return { ...found.column_stats, ...Object.fromEntries(merged) };
}

function invalidEntry(path: string, what: string): DeltacatError {
  return new DeltacatError('invalid_entry', `${path} ${what}`, { path });
}
