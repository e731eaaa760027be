import { cellText } from './cell.ts';

/** A line of CSV (RFC 4180): null is an empty field, an empty text is quoted, so that the two stay apart. */
export function csvLine(values: unknown[]): string {
  return values.map(field).join(',');
}

function field(value: unknown): string {
  if (value === '') return '""';
  const text = cellText(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
