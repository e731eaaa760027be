import type { PartitionChoices, Predicate } from '@deltacat/contract';
import type { ConnectionOptions } from './connection-options.ts';
import type { FormOptions } from './read-form.ts';

/** How many rows are shown when nothing says how many, and they are for a person to look at. */
export const ROWS_SHOWN = 20;

/** The options of `deltacat read`. */
export interface ReadOptions extends ConnectionOptions, FormOptions {
  columns?: string[];
  filter?: Predicate | null;
  partition?: PartitionChoices;
  asOf?: bigint;
  tableVersion?: string;
  limit?: number;
  offset?: number;
  memoryLimit?: string;
}

/** A table by its names. */
export interface TableName {
  namespace: string;
  table: string;
}
