import type { Cell, Column, Rows } from './values.ts';

/** Two results of one read, and what they are called. */
export interface Pair {
  left: { name: string; rows: Rows };
  right: { name: string; rows: Rows };
  /** Whether rows must come in one order. */
  ordered: boolean;
}

const ROWS_SHOWN = 5;

/** How two results differ, in words and rows; null when they are equal row for row. */
export function difference({ left, right, ordered }: Pair): string | null {
  const [one, other] = [left, right].map(({ name, rows }) => `${name} reads ${columnsText(rows.columns)}`);
  if (columnsText(left.rows.columns) !== columnsText(right.rows.columns)) return `${one}\n${other}`;
  const [ours, theirs] = [left.rows.rows.map(rowText), right.rows.rows.map(rowText)];
  const [onlyOurs, onlyTheirs] = [without(ours, theirs), without(theirs, ours)];
  if (onlyOurs.length + onlyTheirs.length > 0) {
    return [told(left.name, ours.length, onlyOurs), told(right.name, theirs.length, onlyTheirs)].join('\n');
  }
  const moved = ordered ? ours.findIndex((row, index) => row !== theirs[index]) : -1;
  if (moved < 0) return null;
  const shown = (name: string, rows: string[]) =>
    `${name} has at row ${moved}: ${rows.slice(moved, moved + ROWS_SHOWN).join(' ')}`;
  return ['The rows are the same, in another order.', shown(left.name, ours), shown(right.name, theirs)].join('\n');
}

function told(name: string, count: number, only: string[]): string {
  const rows = only.slice(0, ROWS_SHOWN).map((row) => `\n    ${row}`);
  return `${name} reads ${count} rows, ${only.length} of them alone${rows.length > 0 ? ':' : ''}${rows.join('')}`;
}

/** What one list has more often than another. */
function without(items: string[], others: string[]): string[] {
  const left = new Map<string, number>();
  for (const item of others) left.set(item, (left.get(item) ?? 0) + 1);
  return items.filter((item) => {
    const count = left.get(item) ?? 0;
    left.set(item, count - 1);
    return count <= 0;
  });
}

function columnsText(columns: Column[]): string {
  return columns.map(({ name, type }) => `${name}: ${type}`).join(', ');
}

function rowText(row: Cell[]): string {
  return JSON.stringify(row);
}
