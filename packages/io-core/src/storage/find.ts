import { glob, stat } from 'node:fs/promises';
import { matchesGlob } from 'node:path';
import type { StorageAccess } from './access.ts';

const GLOB = /[*?[\]{}]/;

/** Whether a path is a pattern, unless a file of that very name is there. */
export function isPattern(path: string): boolean {
  return GLOB.test(path);
}

/**
 * The paths of files that a pattern matches, in path order, and of folders whose names end in an ending that is given. Of this
 * machine only folders are looked into that can still match; links to folders are not followed.
 */
export async function findMatches(pattern: string, access: StorageAccess, folder_ending: string): Promise<string[]> {
  const storage = access.open(pattern);
  const found = new Set<string>();
  if (storage.localPath('/') === null) {
    for await (const { path } of storage.list(fixedFolder(pattern))) {
      for (const candidate of [path, ...foldersOf(path, folder_ending)]) {
        if (matchesGlob(candidate, pattern)) found.add(candidate);
      }
    }
  } else {
    const uri = pattern.startsWith('file://');
    const local = uri ? decodeURIComponent(pattern.slice('file://'.length)) : pattern;
    for await (const entry of glob(local, { withFileTypes: true })) {
      const path = `${entry.parentPath}/${entry.name}`;
      const isWanted = entry.isDirectory() ? entry.name.endsWith(folder_ending) : await isFile(path);
      if (isWanted) found.add(uri ? `file://${path.split('/').map(encodeURIComponent).join('/')}` : path);
    }
  }
  return [...found].sort();
}

/** The folders of a path whose names end so, such as datasets that are folders of files. */
export function foldersOf(path: string, ending: string): string[] {
  const parts = path.split('/');
  return parts.flatMap((part, index) =>
    index < parts.length - 1 && part.length > ending.length && part.endsWith(ending)
      ? [parts.slice(0, index + 1).join('/')]
      : [],
  );
}

function fixedFolder(pattern: string): string {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => GLOB.test(part));
  return parts.slice(0, first).join('/');
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    // It may be removed, or a link may lead nowhere.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ELOOP')) return false;
    throw error;
  }
}
