import { createHash } from 'node:crypto';
import { type Cell, familyOf } from './values.ts';

/** The partition value of a cell under a transform such as `bucket(4)`, by the rules that the data of Python clients follows. */
export function transformed(cell: Cell, type: string, transform: string): Cell {
  if (cell === null) return null;
  const [, word = '', argument = ''] = /^(\w+)(?:\((\d+)\))?$/.exec(transform) ?? [];
  switch (word) {
    case 'identity':
      return cell;
    case 'bucket':
      return String(bucket(cell, type, Number(argument)));
    case 'truncate':
      return truncated(cell, type, argument);
    default:
      return String(calendarPart(cell, type, word));
  }
}

/** SHA-1 of what Python's `str()` makes of the value. */
function bucket(cell: string, type: string, buckets: number): number {
  const text = familyOf(type) === 'bool' ? `${cell[0]?.toUpperCase()}${cell.slice(1)}` : cell;
  return createHash('sha1').update(text).digest().readUInt32BE(0) % buckets;
}

/** Whole numbers toward zero. */
function truncated(cell: string, type: string, width: string): string {
  if (familyOf(type) === 'int') return String((BigInt(cell) / BigInt(width)) * BigInt(width));
  return [...cell].slice(0, Number(width)).join('');
}

/** Parts of a date, not counts since 1970. */
function calendarPart(cell: string, type: string, part: string): number {
  const date = familyOf(type) === 'date' ? new Date(`${cell}T00:00:00Z`) : new Date(Number(BigInt(cell) / 1_000_000n));
  if (part === 'year') return date.getUTCFullYear();
  if (part === 'month') return date.getUTCMonth() + 1;
  return part === 'day' ? date.getUTCDate() : date.getUTCHours();
}

/** The type of what a transform makes. */
export function transformedType(type: string, transform: string): string {
  return transform === 'identity' || transform.startsWith('truncate') ? type : 'int32';
}
