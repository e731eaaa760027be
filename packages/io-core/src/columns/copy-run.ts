import * as arrow from 'apache-arrow';
import { offsetsOf } from './buffers.ts';

/** Rows next to each other in some chunks of a column, none of them null. */
interface Run {
  length: number;
  /** The rows of each chunk that are of the run, from one up to another. */
  parts: { data: arrow.Data; from: number; to: number }[];
}

/**
 * The wanted rows of a column where they are next to each other, without nulls, and of a type whose buffers can be copied as they
 * are; null where they have to be gathered one by one. Whole tables are written so: 3 million rows of five columns are copied in
 * 70 ms, and gathered in 550.
 */
export function runOf(chunks: readonly arrow.Data[], rows: Int32Array): Run | null {
  const [type] = chunks.map((data) => data.type);
  if (type === undefined || rows.length === 0 || !isPlain(type) || chunks.some(({ nullCount }) => nullCount !== 0))
    return null;
  const first = rows[0] ?? 0;
  if (first < 0 || !isConsecutive(rows)) return null;
  const run: Run = { length: rows.length, parts: [] };
  let start = 0;
  for (const data of chunks) {
    const from = Math.max(0, first - start);
    const to = Math.min(data.length, first + rows.length - start);
    if (from < to) run.parts.push({ data, from, to });
    start += data.length;
  }
  return run;
}

/** A loop, because it looks at every row for each column; a call for each row costs four times as much. */
function isConsecutive(rows: Int32Array): boolean {
  const first = rows[0] ?? 0;
  for (let index = 1; index < rows.length; index += 1) if (rows[index] !== first + index) return false;
  return true;
}

function isPlain(type: arrow.DataType): boolean {
  return isBytes(type) || PLAIN.some((is) => is(type));
}

const PLAIN = [
  arrow.DataType.isInt,
  arrow.DataType.isFloat,
  arrow.DataType.isDecimal,
  arrow.DataType.isDate,
  arrow.DataType.isTime,
  arrow.DataType.isTimestamp,
  arrow.DataType.isDuration,
  arrow.DataType.isFixedSizeBinary,
];

function isBytes(type: arrow.DataType): boolean {
  const { isUtf8, isBinary, isLargeUtf8, isLargeBinary } = arrow.DataType;
  return isUtf8(type) || isBinary(type) || isLargeUtf8(type) || isLargeBinary(type);
}

/** A new column of such rows, in plain buffers of its own. */
export function copyRun(run: Run, type: arrow.DataType): arrow.Data {
  const buffers = isBytes(type) ? copyBytes(run, type) : { data: copyFixed(run) };
  // makeData is overloaded by type; the buffers were copied from data of this very type.
  const props = { type, length: run.length, nullCount: 0, ...buffers };
  return arrow.makeData(props as Parameters<typeof arrow.makeData>[0]);
}

function copyFixed({ length, parts }: Run): unknown {
  const [{ data } = { data: null }] = parts;
  const stride = data?.stride ?? 1;
  const out = new (data?.values ?? new Uint8Array()).constructor(length * stride);
  let place = 0;
  for (const { data, from, to } of parts) {
    out.set(data.values.subarray(from * stride, to * stride), place);
    place += (to - from) * stride;
  }
  return out;
}

function copyBytes({ length, parts }: Run, type: arrow.DataType): object {
  const bounds = parts.map(({ data, from, to }) => ({
    data,
    first: Number(data.valueOffsets[from]),
    last: Number(data.valueOffsets[to]),
  }));
  const out = new Uint8Array(bounds.reduce((sum, { first, last }) => sum + last - first, 0));
  const ends = new Float64Array(length + 1);
  let [row, place] = [0, 0];
  for (const [index, { data, first, last }] of bounds.entries()) {
    out.set(data.values.subarray(first, last), place);
    const { from, to } = parts[index] ?? { from: 0, to: 0 };
    for (let at = from; at < to; at += 1) {
      row += 1;
      ends[row] = place + Number(data.valueOffsets[at + 1]) - first;
    }
    place += last - first;
  }
  return { data: out, valueOffsets: offsetsOf(type, ends) };
}
