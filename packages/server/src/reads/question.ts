import { COLUMNS_MAX, DeltacatError, type PartitionChoices, type Predicate, parsePredicate } from '@deltacat/contract';
import { type BoundPredicate, bindPredicate } from '@deltacat/io-core';
import { readPartitionChoices } from './partition-choice.ts';
import type { ReadTarget } from './target.ts';

/** Which rows a reader wants; null is all of them. */
export interface Question {
  /** What the table's rows must satisfy. */
  filter: BoundPredicate | null;
  /** The same as it was asked; of a schemaless table, what its list of files must satisfy. */
  predicate: Predicate | null;
  /** The partitions that it is about, where the reader names them. */
  partitions?: PartitionChoices | null;
}

/**
 * Checks what a reader asks of a table's rows. Throws `invalid_predicate`, `unknown_column` or `invalid_request`. A
 * schemaless table has no columns to check against: its readers see a list of files, and filter that themselves.
 */
export function readQuestion(
  target: ReadTarget,
  asked: { filter_predicate?: unknown; partition_filter?: unknown; columns?: string[] | null | undefined },
): Question {
  const predicate = parseFilter(asked.filter_predicate);
  if (asked.columns) checkColumns(target, asked.columns);
  const filter = target.schema && predicate ? bindPredicate(predicate, target.schema.fields) : null;
  return { filter, predicate, partitions: readPartitionChoices(asked.partition_filter) };
}

/** Reads a filter; null when there is none. Throws `invalid_predicate`. */
export function parseFilter(asked: unknown): Predicate | null {
  const parsed = parsePredicate(asked);
  if ('predicate' in parsed) return parsed.predicate;
  throw new DeltacatError('invalid_predicate', `The filter cannot be used: ${parsed.problem}.`);
}

function checkColumns({ asked, schema }: ReadTarget, columns: string[]): void {
  if (columns.length > COLUMNS_MAX) {
    throw new DeltacatError(
      'invalid_request',
      `${columns.length} columns were asked for, at most ${COLUMNS_MAX} may be.`,
    );
  }
  const twice = findRepeated(columns);
  if (twice !== undefined) {
    throw new DeltacatError('invalid_request', `Column "${twice}" was asked for twice. Name each column once.`);
  }
  if (!schema) return;
  const known = new Set(schema.fields.map((field) => field.name));
  const unknown = columns.find((column) => !known.has(column));
  if (unknown === undefined) return;
  throw new DeltacatError(
    'unknown_column',
    `Table "${asked.namespace}.${asked.table}" has no column "${unknown}". Its columns are listed by describe_table.`,
    { column: unknown },
  );
}

function findRepeated(columns: string[]): string | undefined {
  const seen = new Set<string>();
  return columns.find((column) => seen.size === seen.add(column).size);
}
