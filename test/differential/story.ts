import type { Predicate } from '@deltacat/contract';
import type { Cell, Column, Rows } from './values.ts';

/** A column as a table is made with it. */
export interface TableColumn extends Column {
  nullable?: boolean;
  is_merge_key?: boolean;
  merge_order?: { sort_order: 'ascending' | 'descending'; null_order: 'at_end' };
  is_event_time?: boolean;
  past_default?: Cell;
  future_default?: Cell;
}

/** One key of a partition scheme. */
export interface PartitionKey {
  column: string;
  transform: string;
}

/** One key of a sort scheme. */
export interface SortKey {
  column: string;
  sort_order: 'ascending' | 'descending';
  null_order: 'at_start' | 'at_end';
}

/** How a table is made. */
export interface TableDefinition {
  columns: TableColumn[];
  partition_keys: PartitionKey[];
  sort_keys: SortKey[];
  read_optimization_level: string | null;
}

/** Who does something. */
export type Actor = 'typescript' | 'python';

/** What a write does to its table. */
export type Mode = 'auto' | 'add' | 'append' | 'merge' | 'delete' | 'replace' | 'replace_partition';

/** Rows that are written. */
export interface WriteStep {
  do: 'write';
  by: Actor;
  mode: Mode;
  format: string;
  rows: Rows;
  /** How the TypeScript client is given them. */
  form: 'objects' | 'columns';
}

/** What rows are wanted. */
export interface ReadStep {
  do: 'read';
  columns?: string[];
  filter?: Predicate;
  /** Partitions by their values, as cells. */
  partitions?: Cell[][];
  /** The state after that step of the story; now, when left out. */
  as_of_step?: number;
}

/** One thing that happens to a table. */
export type Step =
  | WriteStep
  | ReadStep
  | { do: 'truncate' }
  | { do: 'rollback'; to_step: number }
  | { do: 'add_column'; column: TableColumn }
  | { do: 'widen'; column: string; type: string }
  | { do: 'transaction'; by: Actor; commit: boolean; steps: (WriteStep | ReadStep)[] };

/** A table and what happens to it, which can be played again. */
export interface Story {
  seed: number;
  table: TableDefinition;
  /** By number, so that steps can be left out and others still mean what they meant. */
  steps: { number: number; step: Step }[];
}
