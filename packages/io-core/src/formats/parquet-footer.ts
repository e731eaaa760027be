import { DeltacatError } from '@deltacat/contract';
import type { StorageAccess } from '../storage/access.ts';
import type { Part } from '../storage/parts.ts';
import type { Tail } from '../storage/storage.ts';
import { readThrift, type ThriftStruct, type ThriftValue } from './thrift.ts';

/** One node of a Parquet schema, by the format's own words; a node without `type` is a group. */
export interface ParquetElement {
  name: string;
  type?: number;
  type_length?: number;
  repetition_type?: number;
  converted_type?: number;
  scale?: number;
  precision?: number;
  /** The id of the logical type in the union, and its fields. */
  logical_type?: number;
  logical_fields?: ThriftStruct;
  children: ParquetElement[];
}

/** Statistics of one column of one row group; bounds are the plain encoding of their values. */
export interface ParquetStatistics {
  null_count?: number;
  min?: Uint8Array;
  max?: Uint8Array;
  /** Bounds by the deprecated fields, whose order was only defined for signed numbers. */
  deprecated: boolean;
}

/** One column of one row group. */
export interface ParquetChunk {
  path: string[];
  num_values: number;
  statistics: ParquetStatistics | null;
  /** Where what is read of it lies: its pages, and what helps to skip some. */
  parts: Part[];
}

/** What the end of a Parquet file tells. */
export interface ParquetFooter {
  size_bytes: number;
  num_rows: number;
  elements: ParquetElement[];
  row_groups: { num_rows: number; columns: ParquetChunk[] }[];
  key_values: Map<string, string>;
  /** The end of the file, with the footer in it. */
  tail: Tail;
}

/** Most footers fit; a longer one costs a second read. */
const TAIL_BYTES = 64 * 1024;
/** A footer beyond this is refused: 10,000 columns in 100 row groups need about 100 MB. */
const FOOTER_BYTES_MAX = 256 * 1024 * 1024;
const MAGIC = 0x31524150; // "PAR1"
const MAGIC_ENCRYPTED = 0x45524150; // "PARE"

/** Reads the footer of a Parquet file, without its data; `invalid_entry` when it is missing or not a Parquet file. */
export async function readParquetFooter(path: string, access: StorageAccess): Promise<ParquetFooter> {
  const storage = access.open(path);
  let tail = await storage.readTail(path, TAIL_BYTES);
  if (tail === null) throw new DeltacatError('invalid_entry', `There is no file ${path}.`, { path });
  const length = footerLength(tail, path);
  if (length + 8 > tail.bytes.byteLength) {
    tail = await storage.readTail(path, length + 8);
    if (tail === null || tail.bytes.byteLength < length + 8) throw corrupt(path, 'it changed while it was read');
  }
  const end = tail.bytes.byteLength - 8;
  try {
    const footer = readThrift(tail.bytes.subarray(end - length, end));
    return { ...readFooter(footer, { path, size_bytes: tail.size_bytes }), tail };
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw corrupt(path, error.message);
    throw error;
  }
}

function footerLength({ bytes, size_bytes }: Tail, path: string): number {
  if (size_bytes < 12) throw corrupt(path, `it has only ${size_bytes} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(bytes.byteLength - 4, true);
  if (magic === MAGIC_ENCRYPTED) {
    throw encrypted(path, 'an encrypted footer');
  }
  if (magic !== MAGIC) throw corrupt(path, 'it does not end with "PAR1"');
  const length = view.getUint32(bytes.byteLength - 8, true);
  if (length > size_bytes - 12 || length > FOOTER_BYTES_MAX) throw corrupt(path, `a footer of ${length} bytes`);
  return length;
}

function encrypted(path: string, what: string): DeltacatError {
  const message = `${path} has ${what}; only plain Parquet files are read. Write it again without encryption.`;
  return new DeltacatError('not_supported', message, { path });
}

function corrupt(path: string, why: string): DeltacatError {
  return new DeltacatError(
    'invalid_entry',
    `${path} is not a Parquet file, or a damaged one: ${why}. Write it again.`,
    {
      path,
    },
  );
}

// The numbers below are the field ids of parquet.thrift.

function readFooter(
  footer: ThriftStruct,
  { path, size_bytes }: { path: string; size_bytes: number },
): Omit<ParquetFooter, 'tail'> {
  const flat = list(footer[2]).map((item) => readElement(struct(item)));
  const cursor = { flat, at: 0 };
  const [root] = takeElements(cursor, 1, 0);
  if (root === undefined || cursor.at !== flat.length) throw new RangeError('its schema is no tree');
  return {
    size_bytes,
    num_rows: count(footer[3]),
    elements: root.children,
    row_groups: list(footer[4]).map((item) => {
      const group = struct(item);
      return { num_rows: count(group[3]), columns: list(group[1]).map((chunk) => readChunk(struct(chunk), path)) };
    }),
    key_values: new Map(
      footer[5] === undefined
        ? []
        : list(footer[5]).map((item) => {
            const pair = struct(item);
            return [text(pair[1]), pair[2] === undefined ? '' : text(pair[2])] as const;
          }),
    ),
  };
}

function readElement(element: ThriftStruct): ParquetElement & { num_children: number } {
  const logical = element[10] === undefined ? [] : struct(element[10]);
  const [logical_type] = Object.keys(logical).map(Number);
  const member = logical_type === undefined ? undefined : logical[logical_type];
  return {
    name: text(element[4]),
    type: optionalNumber(element[1]),
    type_length: optionalNumber(element[2]),
    repetition_type: optionalNumber(element[3]),
    converted_type: optionalNumber(element[6]),
    scale: optionalNumber(element[7]),
    precision: optionalNumber(element[8]),
    logical_type,
    logical_fields: member === undefined ? undefined : struct(member),
    num_children: optionalNumber(element[5]) ?? 0,
    children: [],
  };
}

const SCHEMA_DEPTH_MAX = 100;

interface ElementCursor {
  flat: (ParquetElement & { num_children: number })[];
  at: number;
}

function takeElements(cursor: ElementCursor, count: number, depth: number): ParquetElement[] {
  if (depth > SCHEMA_DEPTH_MAX) throw new RangeError('its schema nests too deep');
  const taken: ParquetElement[] = [];
  for (let index = 0; index < count; index++) {
    const element = cursor.flat[cursor.at];
    if (element === undefined) throw new RangeError('its schema ends early');
    cursor.at += 1;
    element.children = takeElements(cursor, element.num_children, depth + 1);
    taken.push(element);
  }
  return taken;
}

function readChunk(chunk: ThriftStruct, file: string): ParquetChunk {
  const meta = struct(chunk[3]);
  const path = list(meta[3]).map(text);
  // A footer may be plain where columns are not.
  if (chunk[8] !== undefined) throw encrypted(file, `an encrypted column "${path.join('.')}"`);
  return {
    parts: readParts(chunk, meta),
    path,
    num_values: count(meta[5]),
    statistics: meta[12] === undefined ? null : readStatistics(struct(meta[12])),
  };
}

/** Some writers leave the header of the dictionary out of the size of a chunk. */
const DICTIONARY_HEADER_BYTES = 256;
/**
 * A filter whose writer does not tell its size, which then only the filter itself says: it may go on to the next thing in
 * the file. Were its end left out, the zeros there would say of values that are in the file that they are not.
 */
const BLOOM_END_UNTOLD = Number.MAX_SAFE_INTEGER;

function readParts(chunk: ThriftStruct, meta: ThriftStruct): Part[] {
  const [data, dictionary, bloom] = [9, 11, 14].map((field) => optionalNumber(meta[field]) || null);
  const offset = Math.min(data ?? Number.POSITIVE_INFINITY, dictionary ?? Number.POSITIVE_INFINITY);
  const size = optionalNumber(meta[7]) ?? 0;
  const parts = Number.isFinite(offset) ? [{ offset, end: offset + size + DICTIONARY_HEADER_BYTES }] : [];
  const filter_bytes = optionalNumber(meta[15]);
  if (bloom) parts.push({ offset: bloom, end: filter_bytes === undefined ? BLOOM_END_UNTOLD : bloom + filter_bytes });
  for (const [at, length] of [
    [chunk[4], chunk[5]],
    [chunk[6], chunk[7]],
  ].map((pair) => pair.map(optionalNumber))) {
    if (at !== undefined && length !== undefined) parts.push({ offset: at, end: at + length });
  }
  return parts;
}

function readStatistics(statistics: ThriftStruct): ParquetStatistics {
  const deprecated = statistics[5] === undefined && statistics[6] === undefined;
  const exact = statistics[7] !== false && statistics[8] !== false;
  const [max, min] = deprecated ? [statistics[1], statistics[2]] : [statistics[5], statistics[6]];
  return {
    null_count: optionalNumber(statistics[3]),
    // A shortened bound would make "is it this value?" wrong, so it counts as unknown.
    min: exact && min instanceof Uint8Array ? min : undefined,
    max: exact && max instanceof Uint8Array ? max : undefined,
    deprecated,
  };
}

function struct(value: ThriftValue | undefined): ThriftStruct {
  if (typeof value === 'object' && 'fields' in value) return value.fields;
  throw new RangeError('a struct is missing');
}

function list(value: ThriftValue | undefined): ThriftValue[] {
  if (typeof value === 'object' && 'items' in value) return value.items;
  throw new RangeError('a list is missing');
}

function count(value: ThriftValue | undefined): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError('a count is missing');
}

function optionalNumber(value: ThriftValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

const utf8 = new TextDecoder();

function text(value: ThriftValue | undefined): string {
  if (value instanceof Uint8Array) return utf8.decode(value);
  throw new RangeError('a text is missing');
}
