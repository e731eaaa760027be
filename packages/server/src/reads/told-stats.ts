import { type ColumnStats, predicateColumns } from '@deltacat/contract';
import { arrowType, scalarKind } from '@deltacat/io-core';
import type { Question } from './question.ts';
import type { ReadTarget } from './target.ts';

/** The statistics of a file as its reader may be told them. */
export type TellStats = (stats: Record<string, ColumnStats>) => Record<string, ColumnStats>;

/**
 * Leaves out the bounds by which an official reader would drop a file that holds wanted rows. It compares the filter with
 * them as JSON: decimals and times letter by letter, a column of one number as if it could not hold NaN as well, and one
 * whose nulls were not counted as if it had none. The plan was pruned by all bounds already, so that only those of the
 * filter's own columns are left out.
 */
export function tellStats({ schema, retyped }: ReadTarget, { predicate }: Question): TellStats {
  const types = new Map((schema?.fields ?? []).map(({ name, type }) => [name, type]));
  const asked = predicate === null ? [] : predicateColumns(predicate);
  const doubtful = new Map<string, 'text' | 'float'>();
  for (const column of asked) {
    const type = types.get(column);
    const kind = type === undefined ? null : scalarKind(arrowType(type));
    if (kind?.name === 'float') doubtful.set(column, 'float');
    if (retyped.has(column) || (kind !== null && TOLD_AS_TEXT.has(kind.name))) doubtful.set(column, 'text');
  }
  if (asked.length === 0) return (stats) => stats;
  const uncounted = new Set(asked);
  const tell = ([column, stats]: [string, ColumnStats]): [string, ColumnStats] => {
    const doubt = doubtful.get(column);
    const misread = doubt === 'text' || (doubt === 'float' && stats.min === stats.max);
    return [column, misread ? { ...stats, min: null, max: null } : stats];
  };
  return (stats) => {
    const told = Object.entries(stats).filter(
      ([column, { null_count }]) => null_count != null || !uncounted.has(column),
    );
    return Object.fromEntries(told.map(tell));
  };
}

const TOLD_AS_TEXT: ReadonlySet<string> = new Set(['decimal', 'date', 'time', 'timestamp']);
