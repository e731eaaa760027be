import { openStorage } from './open.ts';
import type { Storage } from './storage.ts';

/**
 * How the files of a read or a write are reached: which storage holds a path, opened with what lets this caller in. Two
 * reads of one process may reach one bucket by different keys, so a path alone does not tell.
 */
export interface StorageAccess {
  open(path: string): Storage;
}

/** Files that need no key of their own: those of this machine, and what the environment of the process opens. */
export const ambientAccess: StorageAccess = { open: openStorage };
