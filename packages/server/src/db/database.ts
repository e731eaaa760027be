import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** Runs queries: inside a unit of work, or on the reading side. */
export type Queries = Kysely<Tables>;

/**
 * A unit of work: one all-or-nothing change. It awaits nothing but its own queries, because other units wait behind
 * it, and it may be run again from the start.
 */
export type Unit<T> = (queries: Queries) => Promise<T>;

/** The store. Which database it is, only the files beside this one know. */
export interface Database {
  /** Runs a unit of work; resolves or rejects only after what it did is durable. */
  unit<T>(work: Unit<T>): Promise<T>;
  /** For reading committed rows; consistency between queries comes from reading at one `seq`. */
  readonly reader: Queries;
  /** Waits for units under way and releases the store. */
  close(): Promise<void>;
}
