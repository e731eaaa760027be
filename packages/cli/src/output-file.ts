import type { Stats } from 'node:fs';
import { chmod, lstat, mkdtemp, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemReason } from './system-error.ts';

/** Where a file is to be, found before anything is read for it. */
export interface OutputFile {
  /** The file itself, behind any links. */
  path: string;
  folder: string;
  /** The permissions of the file that is there, which the new one takes over. */
  mode: number | null;
}

/**
 * Finds where a file of that name may be written. Only a file is replaced: links are followed to it, and anything else,
 * such as a device, is refused.
 */
export async function findOutput(name: string): Promise<OutputFile> {
  const given = resolve(name);
  const named = await statOf(lstat(given), given);
  const path = named?.isSymbolicLink() ? await targetOf(given) : given;
  const there = path === given ? named : await statOf(stat(path), path);
  if (there !== null && !there.isFile()) {
    throw new Error(`${given} is not a file, and is not replaced. Name another file with --output.`);
  }
  const folder = dirname(path);
  if ((await statOf(stat(folder), folder)) === null) {
    throw new Error(`There is no folder ${folder}. Make it first, or name another file with --output.`);
  }
  return { path, folder, mode: there === null ? null : there.mode & 0o7777 };
}

async function targetOf(link: string): Promise<string> {
  try {
    return await realpath(link);
  } catch {
    throw new Error(`The link ${link} leads nowhere. Remove it, or name another file with --output.`);
  }
}

async function statOf(asked: Promise<Stats>, path: string): Promise<Stats | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unwritable(path, error);
  }
}

/** Has the file made beside its place and puts it there whole, so that the target is never half a file. */
export async function replaceOutput<T>(
  { path, folder, mode }: OutputFile,
  make: (scratch: string) => Promise<{ made: string; answer: T }>,
): Promise<T> {
  const scratch = await mkdtemp(join(folder, '.deltacat-')).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  try {
    const { made, answer } = await make(scratch);
    if (mode !== null) await chmod(made, mode);
    await rename(made, path);
    return answer;
  } catch (error) {
    throw isOfWriting(error, scratch) ? unwritable(path, error) : error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function unwritable(path: string, cause: unknown): Error {
  const message = `${path} cannot be written: ${systemReason(cause)}. Name another file with --output.`;
  return new Error(message, { cause });
}

const DISK_FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** What is written is read meanwhile: not every error is of writing. */
function isOfWriting(error: unknown, scratch: string): boolean {
  if (!(error instanceof Error)) return false;
  const { code = '', path = '' } = error as NodeJS.ErrnoException; // absent where the system was not asked
  return DISK_FULL.includes(code) || path.startsWith(scratch);
}
