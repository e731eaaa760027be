import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { type ScalarKind, scalarKind } from '../values/scalar.ts';
import { Moment } from './encode.ts';

/** Reads one value of a column, null included. */
export type ValueReader = (row: number) => unknown;

/**
 * Reads a column's values without loss, in the forms that `buildColumn` understands: times as {@link Moment}, decimals
 * exactly, lists as arrays, structs as objects. Arrow's own getters round times to milliseconds.
 */
export function readColumn(vector: arrow.Vector): ValueReader {
  const chunks = vector.data.map((data) => ({ length: data.length, read: readData(data) }));
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only.read;
  let at = 0;
  let start = 0;
  return (row) => {
    if (row < start) [at, start] = [0, 0];
    for (;;) {
      const chunk = chunks[at];
      if (chunk === undefined) return null;
      if (row < start + chunk.length) return chunk.read(row - start);
      start += chunk.length;
      at += 1;
    }
  };
}

function readData(data: arrow.Data): ValueReader {
  const read = readValid(data);
  const { nullBitmap, offset } = data;
  if (data.nullCount === 0 || !nullBitmap?.length) return read;
  return (row) => {
    const bit = offset + row;
    return ((nullBitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1 ? read(row) : null;
  };
}

function readValid(data: arrow.Data): ValueReader {
  const { type, children } = data;
  if (arrow.DataType.isNull(type)) return () => null;
  if (arrow.DataType.isDictionary(type)) return readDictionary(data);
  if (arrow.DataType.isStruct(type)) {
    const members = children.map((child, index) => [type.children[index]?.name ?? '', readData(child)] as const);
    return (row) => Object.fromEntries(members.map(([name, read]) => [name, read(row)]));
  }
  if (arrow.DataType.isList(type) || arrow.DataType.isMap(type) || arrow.DataType.isFixedSizeList(type)) {
    return readList(data, arrow.DataType.isFixedSizeList(type) ? type.listSize : null);
  }
  const kind = scalarKind(type);
  if (kind === null) throw new DeltacatError('not_supported', `Values of type ${type} cannot be read here.`);
  return readScalars(data, kind);
}

function readList({ valueOffsets, children }: arrow.Data, width: number | null): ValueReader {
  const [child] = children;
  if (child === undefined) return () => [];
  const read = readData(child);
  return (row) => {
    const start = width === null ? Number(valueOffsets[row]) : row * width;
    const end = width === null ? Number(valueOffsets[row + 1]) : start + width;
    return Array.from({ length: end - start }, (_, index) => read(start + index));
  };
}

function readDictionary(data: arrow.Data): ValueReader {
  const read = data.dictionary === undefined ? () => null : readColumn(data.dictionary);
  return (row) => read(Number(data.values[row]));
}

function readScalars(data: arrow.Data, kind: ScalarKind): ValueReader {
  const { values, offset } = data;
  switch (kind.name) {
    case 'bool':
      return (row) => ((values[(offset + row) >> 3] >> ((offset + row) & 7)) & 1) === 1;
    case 'decimal':
      return (row) => ({ digits: readDigits(values, row * (kind.bits / 32), kind.bits), scale: kind.scale });
    case 'bytes':
    case 'string':
      return readBytes(data, kind);
    case 'int':
      return (row) => values[row];
    case 'float':
      return values instanceof Uint16Array
        ? (row) => arrow.util.uint16ToFloat64(values[row] ?? 0)
        : (row) => values[row];
    default:
      return (row) => new Moment(kind, BigInt(values[row]) * kind.unit_ns);
  }
}

const TEXT = new TextDecoder('utf-8', { ignoreBOM: true });

function readBytes({ values, valueOffsets }: arrow.Data, kind: ScalarKind): ValueReader {
  if (kind.name === 'bytes' && kind.width !== null) {
    const { width } = kind;
    return (row) => values.subarray(row * width, (row + 1) * width);
  }
  const bytes = (row: number) => values.subarray(Number(valueOffsets[row]), Number(valueOffsets[row + 1]));
  return kind.name === 'string' ? (row) => TEXT.decode(bytes(row)) : bytes;
}

function readDigits(words: Uint32Array, at: number, bits: number): bigint {
  let digits = 0n;
  for (let word = bits / 32 - 1; word >= 0; word--) digits = (digits << 32n) | BigInt(words[at + word] ?? 0);
  return BigInt.asIntN(bits, digits);
}
