import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm, statfs } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DeltacatError } from '@deltacat/contract';
import { joinParts, lackingParts, type Part, sizeOfParts, splitParts } from './parts.ts';
import type { RemoteReads } from './storage.ts';

/** How much of the disk copies of remote files may take, and where. */
export interface FileCacheSettings {
  limit_mb?: number | undefined;
  folder?: string | undefined;
}

/** A version of a remote file. */
export interface RemoteFile {
  path: string;
  size_bytes: number;
  version: string | null;
  /** A part that was read already. */
  known?: { offset: number; bytes: Uint8Array } | undefined;
}

/** A copy that stays on disk until it is released. */
export interface Copy {
  /** A file of the same size, in which the parts that were asked for, and maybe others, are as in the remote one. */
  path: string;
  release(): Promise<void>;
}

const LIMIT_BYTES = 4 * 2 ** 30;
/** Of what is free when the first file is copied. */
const SHARE_OF_DISK = 0.5;
/** Several requests read faster than one. */
const REQUEST_BYTES_MAX = 16 * 1024 * 1024;
const REQUESTS_AT_ONCE = 4;

/** Who made a folder tells whether it is in use: processes on another machine may share the disk. */
const FOLDER = 'deltacat-cache';
const OWN_FOLDER = new RegExp(`^${FOLDER}-([0-9a-f]{8})-(\\d+)-`);
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

interface Entry extends RemoteFile {
  local: string;
  /** Settles when the file is there, with no more than its size. */
  made: Promise<void>;
  held: Part[];
  fetching: { part: Part; done: Promise<unknown> }[];
  users: number;
}

/**
 * Copies of remote files, or of parts of them, on this machine's disk, each of one version of a file. Readers of one file
 * share its copy, and none is removed while it is used; beyond the limit those that were used longest ago go first. What
 * a process leaves behind that is killed, the next one removes.
 */
export class FileCache {
  readonly #settings: FileCacheSettings;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #place: Promise<Place> | null = null;

  constructor(settings: FileCacheSettings = {}) {
    this.#settings = settings;
  }

  /** Bytes on disk. */
  get size_bytes(): number {
    const parts = ({ held, fetching }: Entry) => joinParts([...held, ...fetching.map(({ part }) => part)]);
    return [...this.#entries.values()].reduce((sum, entry) => sum + sizeOfParts(parts(entry)), 0);
  }

  /** Copies parts of a file, all of it where none are named. Whoever asks releases the copy. */
  async copy(remote: RemoteReads, file: RemoteFile, parts?: readonly Part[]): Promise<Copy> {
    const entry = await this.#enter(remote, file);
    let isUsed = true;
    const release = async () => {
      if (!isUsed) return;
      isUsed = false;
      entry.users -= 1;
      // Without a version it cannot be told from another file of its name.
      if (entry.version === null) await this.#drop(entry);
      await this.#makeRoom();
    };
    try {
      await entry.made.catch(async (error: unknown) => {
        await this.#drop(entry);
        throw explainDisk(error, entry);
      });
      await this.#fill(remote, entry, parts ?? [{ offset: 0, end: file.size_bytes }]);
      return { path: entry.local, release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** Removes everything, whether in use or not. */
  async clear(): Promise<void> {
    this.#entries.clear();
    const place = await this.#place;
    this.#place = null;
    if (place === null) return;
    process.off('exit', place.remove);
    await rm(place.folder, { recursive: true, force: true });
  }

  async #enter({ store }: RemoteReads, file: RemoteFile): Promise<Entry> {
    this.#place ??= preparePlace(this.#settings);
    const { folder } = await this.#place;
    const identity = file.version === null ? randomUUID() : JSON.stringify([store, file.path, file.version]);
    const key = createHash('sha256').update(identity).digest('hex');
    const found = this.#entries.get(key);
    // Some systems remove temporary files that are old.
    const isGone = found !== undefined && found.users === 0 && !existsSync(found.local);
    const entry = found === undefined || isGone ? newEntry(file, join(folder, randomUUID())) : found;
    // Set anew, so that it is the last one to go.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users += 1;
    return entry;
  }

  async #fill(remote: RemoteReads, entry: Entry, wanted: readonly Part[]): Promise<void> {
    for (;;) {
      const lacking = lackingParts(wanted, entry.held);
      if (lacking.length === 0) return;
      const mine = lackingParts(
        lacking,
        entry.fetching.map(({ part }) => part),
      );
      const theirs = entry.fetching.map(({ done }) => done);
      // What others fetch and fail at is fetched by this reader, with its own keys, in the next round.
      await Promise.all([this.#fetch(remote, entry, mine), Promise.allSettled(theirs)]);
    }
  }

  async #fetch(remote: RemoteReads, entry: Entry, parts: Part[]): Promise<void> {
    if (parts.length === 0) return;
    const requests = splitParts(parts, REQUEST_BYTES_MAX);
    const done = this.#request(remote, entry, requests);
    const fetching: Entry['fetching'] = requests.map((part) => ({ part, done }));
    entry.fetching.push(...fetching);
    try {
      await done;
    } finally {
      entry.fetching = entry.fetching.filter((each) => !fetching.includes(each));
    }
  }

  async #request(remote: RemoteReads, entry: Entry, requests: Part[]): Promise<void> {
    await this.#makeRoom();
    const file = await open(entry.local, 'r+');
    try {
      await inTurns(requests, async (part) => {
        await fetchPart(remote, { file, entry, part });
        entry.held = joinParts([...entry.held, part]);
      });
    } catch (error) {
      throw explainDisk(error, entry);
    } finally {
      await file.close();
    }
  }

  async #makeRoom(): Promise<void> {
    const place = await this.#place;
    if (place === null) return;
    for (const entry of this.#entries.values()) {
      if (this.size_bytes <= place.limit_bytes) return;
      if (entry.users === 0) await this.#drop(entry);
    }
  }

  async #drop(entry: Entry): Promise<void> {
    for (const [key, each] of this.#entries) if (each === entry) this.#entries.delete(key);
    await rm(entry.local, { force: true });
  }
}

function newEntry(file: RemoteFile, local: string): Entry {
  const { path, size_bytes, version, known } = file;
  const made = makeFile(local, file);
  // Whoever waits for it is told.
  made.catch(() => {});
  const held = known === undefined ? [] : [{ offset: known.offset, end: known.offset + known.bytes.byteLength }];
  return { path, size_bytes, version, local, made, held, fetching: [], users: 0 };
}

/** Its holes take no room on most disks. */
async function makeFile(local: string, { size_bytes, known }: RemoteFile): Promise<void> {
  await mkdir(dirname(local), { recursive: true, mode: 0o700 });
  const file = await open(local, 'wx', 0o600);
  try {
    await file.truncate(size_bytes);
    if (known !== undefined) await file.write(known.bytes, 0, known.bytes.byteLength, known.offset);
  } finally {
    await file.close();
  }
}

async function fetchPart(
  remote: RemoteReads,
  { file, entry, part }: { file: FileHandle; entry: Entry; part: Part },
): Promise<void> {
  let at = part.offset;
  const range = { offset: at, length: part.end - at, version: entry.version };
  for await (const chunk of remote.stream(entry.path, range)) {
    await file.write(chunk, 0, chunk.byteLength, at);
    at += chunk.byteLength;
  }
  if (at !== part.end) throw new Error(`${entry.path} gave ${at - part.offset} of ${range.length} bytes`);
}

/** Does a few at a time; after a failure no more are begun, and those that were are waited for. */
async function inTurns(parts: readonly Part[], act: (part: Part) => Promise<void>): Promise<void> {
  const rest = [...parts];
  const failures: unknown[] = [];
  const work = async () => {
    for (let part = rest.shift(); part !== undefined && failures.length === 0; part = rest.shift()) {
      await act(part).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work));
  if (failures.length > 0) throw failures[0];
}

function explainDisk(error: unknown, { path, local, size_bytes }: Entry): unknown {
  if (!(error instanceof Error && 'code' in error) || !['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String(error.code))) {
    return error;
  }
  return new DeltacatError(
    'service_unavailable',
    `The disk of ${local} has no room for a copy of ${path} (${size_bytes} bytes). Free some, or configure another folder for the cache.`,
    { path },
  );
}

interface Place {
  folder: string;
  limit_bytes: number;
  /** Removes it when the process ends by itself. */
  remove: () => void;
}

async function preparePlace({ limit_mb, folder }: FileCacheSettings): Promise<Place> {
  const parent = folder ?? tmpdir();
  removeLeftovers(parent);
  const own = join(parent, `${FOLDER}-${HOST}-${process.pid}-${randomUUID()}`);
  // Copies may be of what only this user may read.
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const remove = () => rmSync(own, { recursive: true, force: true });
  process.once('exit', remove);
  const { bavail, bsize } = await statfs(own);
  const limit_bytes =
    limit_mb === undefined ? Math.min(LIMIT_BYTES, bavail * bsize * SHARE_OF_DISK) : limit_mb * 2 ** 20;
  return { folder: own, limit_bytes, remove };
}

function removeLeftovers(parent: string): void {
  let names: string[] = [];
  try {
    names = readdirSync(parent);
  } catch {
    // It is made with the folder in it.
  }
  for (const name of names) {
    const [, host, pid] = OWN_FOLDER.exec(name) ?? [];
    if (host === HOST && !isAlive(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

let cache = new FileCache();

/** The cache of this process. */
export function fileCache(): FileCache {
  return cache;
}

/** Sets the limits of the cache of this process, which then begins anew. */
export function configureFileCache(settings: FileCacheSettings): void {
  cache = new FileCache(settings);
}
