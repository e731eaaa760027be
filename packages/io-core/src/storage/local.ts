import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DeltacatError } from '@deltacat/contract';
import { nameTaken, type Storage, type StoredFile, type Tail } from './storage.ts';

/** Files being written carry this prefix until they are whole; listings leave them out. */
const UNFINISHED = '.unfinished-';

// Footers are read thousands of times a second, and handing work to another thread costs more than most of it. So only
// opening and reading are handed over, which may wait for a disk or a network; once a file is open for reading, asking
// for its size and closing it wait for nothing. By descriptor, because `FileHandle` takes twice the time.
const openFile = promisify(fs.open);
const readFile = promisify(fs.read);

/** Opening a named pipe waits for its writer otherwise, and a few of them would stop all reading for ever. */
const READ_WITHOUT_WAITING = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

/** The files of this machine, by absolute path or `file://` URI. */
export const localStorage: Storage = {
  read: (path) => reading(path, (fd, size) => readAt(fd, 0, size)),
  readRange: (path, offset, length) =>
    reading(path, (fd, size) => readAt(fd, offset, Math.max(0, Math.min(length, size - offset)))),
  readTail,
  size,
  write: (path, bytes) => write(path, bytes, rename),
  writeNew: (path, bytes) => write(path, bytes, (unfinished, target) => putNew(unfinished, target, path)),
  adopt,
  list,
  remove,
  localPath: toLocalPath,
};

/** The plain path of an absolute path or `file://` URI. A URI that is badly escaped is taken as it is written. */
function toLocalPath(path: string): string {
  if (!path.startsWith('file:')) return path;
  try {
    return fileURLToPath(path);
  } catch {
    return path.replace(/^file:(\/\/)?/, '');
  }
}

async function reading<T>(path: string, use: (fd: number, size: number) => Promise<T>): Promise<T> {
  let fd: number;
  try {
    fd = await openFile(toLocalPath(path), READ_WITHOUT_WAITING);
  } catch (error) {
    if (isMissing(error)) throw new DeltacatError('not_found', `There is no file ${path}.`, { path });
    throw error;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) throw new DeltacatError('not_found', `${path} is a folder, not a file.`, { path });
    return await use(fd, stat.size);
  } finally {
    fs.closeSync(fd);
  }
}

async function readAt(fd: number, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await readFile(fd, bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled === length ? bytes : bytes.subarray(0, filled);
}

async function readTail(path: string, length: number): Promise<Tail | null> {
  try {
    return await reading(path, async (fd, size) => {
      const wanted = Math.min(length, size);
      return { bytes: await readAt(fd, size - wanted, wanted), size_bytes: size, version: null };
    });
  } catch (error) {
    if (error instanceof DeltacatError && error.code === 'not_found') return null;
    throw error;
  }
}

async function size(path: string): Promise<number | null> {
  const tail = await readTail(path, 0);
  return tail === null ? null : tail.size_bytes;
}

/** Gives a finished file its name. */
type Put = (unfinished: string, target: string) => Promise<void>;

async function write(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>, put: Put): Promise<void> {
  const fill = async (unfinished: string) => {
    const file = await open(unfinished, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  };
  await place(path, { fill, put });
}

/** A second name fails when it is taken, which a rename does not. */
async function putNew(unfinished: string, target: string, path: string): Promise<void> {
  try {
    await link(unfinished, target);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw nameTaken(path);
    if (!WITHOUT_LINKS.some((code) => hasCode(error, code))) throw error;
    await claim(target, path);
    await rename(unfinished, target);
    return;
  }
  await unlink(unfinished);
}

/** What file systems without second names answer. */
const WITHOUT_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

async function claim(target: string, path: string): Promise<void> {
  const file = await open(target, 'wx').catch((error: unknown) => {
    throw hasCode(error, 'EEXIST') ? nameTaken(path) : error;
  });
  await file.close();
}

async function adopt(source: string, path: string): Promise<void> {
  const fill = async (unfinished: string) => {
    await rename(source, unfinished).catch(async (error: unknown) => {
      // A rename cannot cross file systems: temporary folders often lie on another one.
      if (!hasCode(error, 'EXDEV')) throw error;
      await copyFile(source, unfinished);
      await unlink(source);
    });
    await syncPath(unfinished);
  };
  await place(path, { fill, put: rename });
}

interface Placing {
  fill(unfinished: string): Promise<void>;
  put: Put;
}

async function place(path: string, { fill, put }: Placing): Promise<void> {
  const target = toLocalPath(path);
  const folder = dirname(target);
  const made = await makeFolder(folder);
  const unfinished = join(folder, `${UNFINISHED}${randomBytes(8).toString('hex')}`);
  try {
    await fill(unfinished);
    await put(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw naming(error, target);
  }
  await syncPath(folder);
  if (made !== undefined) await syncMade(folder, made);
}

async function makeFolder(folder: string): Promise<string | undefined> {
  try {
    return await mkdir(folder, { recursive: true });
  } catch (error) {
    // On a disk that may only be read Node says that the folder to make is not there; making it alone tells why.
    if (hasCode(error, 'ENOENT') && 'path' in error) await mkdir(String(error.path));
    throw error;
  }
}

/** The system's errors of writing to an open file do not say to which one. */
function naming(error: unknown, path: string): unknown {
  return error instanceof Error && 'errno' in error && !('path' in error) ? Object.assign(error, { path }) : error;
}

/** New folders are entries of their parents, which must be durable too. */
async function syncMade(folder: string, made: string): Promise<void> {
  for (let at = folder; at.length >= made.length; at = dirname(at)) {
    await syncPath(dirname(at));
    if (dirname(at) === at) break;
  }
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function* list(prefix: string): AsyncIterable<StoredFile> {
  const folder = prefix.replace(/\/+$/, '');
  const found = await readdir(toLocalPath(folder) || '/', { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  // "a-b" sorts before "a/c": compare folders with their slash, so that the listing is in path order.
  const named = found.map((item) => ({ item, key: item.isDirectory() ? `${item.name}/` : item.name }));
  named.sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { item } of named) {
    const path = `${folder}/${prefix.startsWith('file:') ? encodeURIComponent(item.name) : item.name}`;
    if (item.isDirectory()) yield* list(path);
    else if (!basename(item.name).startsWith(UNFINISHED)) {
      const found = await stat(toLocalPath(path)).catch(nullIfMissing);
      if (found?.isFile()) yield { path, size_bytes: found.size, modified_ms: found.mtimeMs };
    }
  }
}

/** A file may be removed, and a link may lead nowhere, while a folder is listed. */
function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

async function remove(path: string): Promise<void> {
  await rm(toLocalPath(path), { force: true });
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
}

function hasCode(error: unknown, code: string): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && error.code === code;
}
