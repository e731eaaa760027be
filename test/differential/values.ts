import type { Literal } from '@deltacat/contract';

/**
 * A value as a text that says it exactly, and null as null: whole numbers and decimals in digits, fractions as JavaScript
 * prints them, bytes in base64, dates as ISO texts, times as nanoseconds since 1970, lists and structs as JSON arrays of
 * cells. Equal cells of a type are equal values.
 */
export type Cell = string | null;

/** A column and its Arrow type, as pyarrow prints it. */
export interface Column {
  name: string;
  type: string;
}

/** Rows with the names and types of their columns. */
export interface Rows {
  columns: Column[];
  rows: Cell[][];
}

/** What a type's values are made of, which decides how they compare. */
export type Family = 'bool' | 'int' | 'float' | 'text' | 'bytes' | 'date' | 'instant' | 'time' | 'decimal' | 'nested';

const FAMILIES: [RegExp, Family][] = [
  [/^bool$/, 'bool'],
  [/^u?int\d+$/, 'int'],
  [/^(float|double)$/, 'float'],
  [/^(large_)?string$/, 'text'],
  [/^(large_)?binary$/, 'bytes'],
  [/^date/, 'date'],
  [/^timestamp/, 'instant'],
  [/^time/, 'time'],
  [/^decimal/, 'decimal'],
  [/^(list|struct)</, 'nested'],
];

/** The family of a type. */
export function familyOf(type: string): Family {
  const found = FAMILIES.find(([pattern]) => pattern.test(type));
  if (found === undefined) throw new Error(`a type of no family: ${type}`);
  return found[1];
}

/** The value of a cell as the TypeScript client takes it in a plain object. */
export function plainOf(cell: Cell, type: string): unknown {
  if (cell === null) return null;
  switch (familyOf(type)) {
    case 'bytes':
      return new Uint8Array(Buffer.from(cell, 'base64'));
    case 'nested':
      return plainNested(JSON.parse(cell), type);
    default:
      return literalOf(cell, type);
  }
}

/** The value of a cell as it stands in a filter. */
export function literalOf(cell: Cell, type: string): Literal {
  if (cell === null) return null;
  switch (familyOf(type)) {
    case 'bool':
      return cell === 'true';
    case 'int':
      return Number.isSafeInteger(Number(cell)) ? Number(cell) : BigInt(cell);
    case 'float':
      return Number(cell);
    case 'instant':
      return instantText(BigInt(cell), type.includes('tz='));
    case 'time':
      return instantText(BigInt(cell), false).slice(11);
    default:
      return cell;
  }
}

function plainNested(cells: Cell[], type: string): unknown {
  const item = /^list<item: (.*)>$/.exec(type)?.[1];
  if (item !== undefined) return cells.map((cell) => plainOf(cell, item));
  return Object.fromEntries(
    structFields(type).map(({ name, type: inner }, index) => [name, plainOf(cells[index] ?? null, inner)]),
  );
}

/** The cell of a value as the TypeScript client reads it into a plain object. */
export function cellOf(value: unknown, type: string): Cell {
  if (value === null || value === undefined) return null;
  switch (familyOf(type)) {
    case 'float':
      return floatText(Number(value));
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'instant':
      return String(typeof value === 'bigint' ? value : instantOf(String(value)));
    case 'time':
      return String(instantOf(`1970-01-01T${value}`));
    case 'nested':
      return nestedCell(value, type);
    default:
      return String(value);
  }
}

function nestedCell(value: unknown, type: string): string {
  const item = /^list<item: (.*)>$/.exec(type)?.[1];
  // Lists are read as arrays, structs as objects.
  if (item !== undefined) return JSON.stringify((value as unknown[]).map((one) => cellOf(one, item)));
  const object = value as Record<string, unknown>;
  return JSON.stringify(structFields(type).map(({ name, type: inner }) => cellOf(object[name], inner)));
}

function structFields(type: string): Column[] {
  const [, inside = ''] = /^struct<(.*)>$/.exec(type) ?? [];
  return inside.split(', ').map((part) => {
    const [name = '', inner = ''] = part.split(': ');
    return { name, type: inner };
  });
}

/** A cell as both sides of a comparison spell it: fractions have more than one spelling. */
export function spelled(cell: Cell, type: string): Cell {
  return cell !== null && familyOf(type) === 'float' ? floatText(Number(cell)) : cell;
}

function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The order of two values of a type, as a filter and a sort scheme see it; NaN where they have none. */
export function compareCells(a: string, b: string, type: string): number {
  switch (familyOf(type)) {
    case 'int':
    case 'instant':
    case 'time':
      return sign(BigInt(a), BigInt(b));
    case 'float':
      return Number.isNaN(Number(a) - Number(b)) && Number(a) !== Number(b) ? Number.NaN : sign(Number(a), Number(b));
    case 'decimal':
      return sign(BigInt(a.replace('.', '')), BigInt(b.replace('.', '')));
    case 'bytes':
      return Buffer.compare(Buffer.from(a, 'base64'), Buffer.from(b, 'base64'));
    default:
      return Buffer.compare(Buffer.from(a), Buffer.from(b));
  }
}

function sign<T extends number | bigint>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b);
}

function instantText(ns: bigint, zoned: boolean): string {
  const seconds = ns / 1_000_000_000n - (ns % 1_000_000_000n < 0n ? 1n : 0n);
  const fraction = String(ns - seconds * 1_000_000_000n).padStart(9, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}${zoned ? 'Z' : ''}`;
}

function instantOf(text: string): bigint {
  const [, whole = '', fraction = '', zone = ''] =
    /^(.{10}T\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const seconds = Date.parse(`${whole}${zone === '' ? 'Z' : zone}`) / 1000;
  if (Number.isNaN(seconds)) throw new Error(`no time: ${text}`);
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}
