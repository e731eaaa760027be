import { type ColumnStats, predicateColumns } from '@deltacat/contract';
import { arrowType, scalarKind } from '@deltacat/io-core';
import type { Question } from './question.ts';
import type { ReadTarget } from './target.ts';

/** The statistics of a file as its reader may be told them. */
export type TellStats = (stats: Record<string, ColumnStats>) => Record<string, ColumnStats>;

/**
 * Leaves out the bounds by which an official reader would drop a file that holds wanted rows. It compares the filter with
 * them as JSON: decimals and times letter by letter, and a column of one number as if it could not hold NaN as well. The
 * plan was pruned by all bounds already, so that only those of the filter's own columns are left out.
 */
export function tellStats({ schema, retyped }: ReadTarget, { predicate }: Question): TellStats {
  const types = new Map((schema?.fields ?? []).map(({ name, type }) => [name, type]));
  const doubtful = new Map<string, 'text' | 'float'>();
  for (const column of predicate === null ? [] : predicateColumns(predicate)) {
    const type = types.get(column);
    const kind = type === undefined ? null : scalarKind(arrowType(type));
    if (kind?.name === 'float') doubtful.set(column, 'float');
    if (retyped.has(column) || (kind !== null && TOLD_AS_TEXT.has(kind.name))) doubtful.set(column, 'text');
  }
  if (doubtful.size === 0) return (stats) => stats;
  const tell = ([column, stats]: [string, ColumnStats]): [string, ColumnStats] => {
    const doubt = doubtful.get(column);
    const misread = doubt === 'text' || (doubt === 'float' && stats.min === stats.max);
    return [column, misread ? { ...stats, min: null, max: null } : stats];
  };
  return (stats) => Object.fromEntries(Object.entries(stats).map(tell));
}

const TOLD_AS_TEXT: ReadonlySet<string> = new Set(['decimal', 'date', 'time', 'timestamp']);
