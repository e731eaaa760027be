import { type ContentType, DeltacatError } from '@deltacat/contract';
import { contentTypeOfName } from './formats/extension.ts';
import { ambientAccess, type StorageAccess } from './storage/access.ts';
import { findMatches, foldersOf, isPattern } from './storage/find.ts';

/** Files of one format, by their absolute paths or URIs. */
export interface FoundFiles {
  content_type: ContentType;
  paths: string[];
}

/** What is looked for. */
export interface FindOptions {
  /** The format of all files; told by their names when left out. */
  content_type?: ContentType | null;
  access?: StorageAccess;
}

const LANCE = '.lance';

/**
 * The files that paths, patterns and folders name, each once. A folder stands for the data files below it, but for hidden ones,
 * whose names or folders begin with `.` or `_`; a Lance dataset, though a folder, is one of them. A pattern and a folder give
 * theirs in path order. Names without a known extension are taken for Parquet files. Throws `invalid_entry` where nothing is
 * found, `invalid_request` for files of several formats.
 */
export async function findSources(given: readonly string[], options: FindOptions = {}): Promise<FoundFiles> {
  const { content_type = null, access = ambientAccess } = options;
  const found: string[][] = [];
  for (const path of given) found.push(await expand(path, content_type, access));
  const paths = [...new Set(found.flat())];
  return { content_type: content_type ?? commonType(paths), paths };
}

async function expand(path: string, content_type: ContentType | null, access: StorageAccess): Promise<string[]> {
  const storage = access.open(path);
  if ((await storage.size(path)) !== null) return [path];
  if (isPattern(path)) {
    const matches = await findMatches(path, access, LANCE);
    if (matches.length > 0) return matches;
    throw new DeltacatError('invalid_entry', `No file matches ${path}.`, { path });
  }
  const folder = path.replace(/\/+$/, '');
  if (folder.endsWith(LANCE)) return [folder];
  const below: string[] = [];
  let files = 0;
  for await (const { path: file } of storage.list(folder)) {
    files += 1;
    const name = dataFileName(file, folder, content_type);
    if (name !== null) below.push(name);
  }
  if (below.length > 0) return below;
  // What is no folder is missed when it is looked at.
  if (files === 0) return [path];
  const wanted = content_type === null ? 'a known format' : `format ${content_type}`;
  throw new DeltacatError('invalid_entry', `There are no files of ${wanted} in ${path}. Name the files themselves.`, {
    path,
  });
}

/** The path by which a file below a folder is registered, or null for what is no data. */
function dataFileName(file: string, folder: string, content_type: ContentType | null): string | null {
  const dataset = foldersOf(file.slice(folder.length), LANCE)[0];
  const relative = dataset ?? file.slice(folder.length);
  if (relative.split('/').some((part) => part.startsWith('.') || part.startsWith('_'))) return null;
  const type = contentTypeOfName(relative);
  const isWanted = content_type === null ? type !== null : type === content_type;
  return isWanted ? `${folder}${relative}` : null;
}

function commonType(paths: string[]): ContentType {
  const examples = new Map<ContentType, string>();
  for (const path of paths) {
    const type = contentTypeOfName(path) ?? 'parquet';
    if (!examples.has(type)) examples.set(type, path);
  }
  const [first = ['parquet', ''] as const, other] = examples;
  if (other === undefined) return first[0];
  throw new DeltacatError(
    'invalid_request',
    `${first[1]} is named like a file of format ${first[0]} and ${other[1]} like one of ${other[0]}. Write one format at a time, or say which by format.`,
    { paths: [first[1], other[1]] },
  );
}
