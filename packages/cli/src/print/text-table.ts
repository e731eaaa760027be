import { cellText } from './cell.ts';

/** The widest column of a printed table, in characters. */
const WIDTH_MAX = 60;

/** Rows as aligned columns under their names; numbers to the right, long texts cut. */
export function textTable(names: string[], rows: unknown[][]): string {
  const cells = rows.map((row) => row.map((value) => cut(cellText(value).replaceAll(/\s/g, ' '))));
  const widths = names.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const right = names.map((_, column) => rows.some((row) => isNumber(row[column])));
  const line = (texts: string[]) =>
    texts
      .map((text, column) => (right[column] ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width));
  return [line(names), line(rule), ...cells.map(line)].join('\n');
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}

function cut(text: string): string {
  return text.length > WIDTH_MAX ? `${text.slice(0, WIDTH_MAX - 1)}…` : text;
}
