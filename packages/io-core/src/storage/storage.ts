import { DeltacatError } from '@deltacat/contract';

/** A file at rest: where it is, in the spelling of the prefix it was listed by, how large, and when it was last changed. */
export interface StoredFile {
  path: string;
  size_bytes: number;
  /** Milliseconds since 1970. */
  modified_ms: number;
}

/** The end of a file. */
export interface Tail {
  bytes: Uint8Array;
  size_bytes: number;
  /** Tells this version of the file from others of its path; null where the storage knows no versions. */
  version: string | null;
}

/** A part of one version of a file. */
export interface VersionRange {
  offset: number;
  length: number;
  version: string | null;
}

/** Reads of files that must be copied to this machine before a program can open them. */
export interface RemoteReads {
  /** Names the store: a path may mean another file in another store. */
  store: string;
  /** The size and version of a file; null when it is missing. */
  measure(path: string): Promise<{ size_bytes: number; version: string | null } | null>;
  /** Bytes as they come, all of one version: `data_missing` when the file is another by now. */
  stream(path: string, range: VersionRange): AsyncIterable<Uint8Array>;
}

/**
 * Where bytes rest. Every path is absolute (a local path or a URI of the storage's scheme). A file appears whole and
 * durable or not at all, so that a crash never leaves half a file that a commit could name.
 */
export interface Storage {
  /** The whole file; `not_found` when it is missing. */
  read(path: string): Promise<Uint8Array>;
  /** At most `length` bytes from `offset`, fewer where the file ends; `not_found` when it is missing. */
  readRange(path: string, offset: number, length: number): Promise<Uint8Array>;
  /** The last `length` bytes (all of a shorter file) with the file's size, in one visit; null when it is missing. */
  readTail(path: string, length: number): Promise<Tail | null>;
  /** The size in bytes, or null when there is no such file. */
  size(path: string): Promise<number | null>;
  /**
   * Puts a file in place, whole and durable, replacing one of the same path; folders are made as needed. Bytes may come
   * one after another: when that fails, so does the write, and nothing is put in place.
   */
  write(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;
  /** As `write`, but never over another file: `name_taken` when there is one. */
  writeNew(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;
  /** Moves a finished local file here, as `write` would put it; for files that another program made. */
  adopt(source: string, path: string): Promise<void>;
  /** All files below a folder, in path order; none when the folder is missing. Files being written are not listed. */
  list(prefix: string): AsyncIterable<StoredFile>;
  /** Removes a file; a missing one is fine, so that a removal can be repeated. */
  remove(path: string): Promise<void>;
  /** The path by which a program on this machine opens the file, or null when it must be copied out first. */
  localPath(path: string): string | null;
  /** How files are copied out, where the storage is not of this machine. */
  remote?: RemoteReads;
}

/** What `writeNew` fails with. */
export function nameTaken(path: string): DeltacatError {
  return new DeltacatError('name_taken', `There is a file ${path} already; write under another name.`, { path });
}
