import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** Runs queries: inside a unit of work, or on the reading side. */
export type Queries = Kysely<Tables>;

/**
 * A unit of work: one all-or-nothing change, told the store's time. It awaits nothing but its own queries, because other
 * units wait behind it, and it may be run again from the start.
 */
export type Unit<T> = (queries: Queries, now_ns: bigint) => Promise<T>;

/** How a store is opened. */
export interface StoreOptions {
  /** Where the store's time comes from, in nanoseconds since 1970. Default: the store's own clock. */
  nowNs?: () => bigint;
}

/** The store. Which database it is, only the files beside this one know. */
export interface Database {
  /**
   * Runs a unit of work of one catalog, after those before it and before those after it, whichever server they came to;
   * resolves or rejects only after what it did is durable. A catalog that has no row yet may be given one.
   */
  unit<T>(catalog_id: string, work: Unit<T>): Promise<T>;
  /** For reading committed rows; consistency between queries comes from reading at one `seq`. */
  readonly reader: Queries;
  /** Which database it is and where, for logs: without a password. */
  readonly name: string;
  /** The migrations that opening it applied. */
  readonly migrated: readonly string[];
  /** Waits for units under way and releases the store. */
  close(): Promise<void>;
}

/** One state of the whole store, whatever is committed meanwhile; nothing can be changed through it. */
export interface StoreSnapshot {
  readonly queries: Queries;
  /** What the database says is wrong with its own files, in its words; nothing where it has no way to tell. */
  damages(): Promise<string[]>;
  /** Lets go of the state. Until then the database keeps what was replaced since. */
  close(): Promise<void>;
}
