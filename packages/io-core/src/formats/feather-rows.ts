import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import * as arrow from 'apache-arrow';
import type { Layout } from '../schema/message.ts';
import type { StorageAccess } from '../storage/access.ts';
import { damaged, translated } from './damaged.ts';
import { type ColumnParts, type ColumnSpan, passColumn, takeColumn } from './feather-column.ts';
import { type BatchHeader, type Block, type FeatherFile, openFeather, readBatchHeader } from './feather-file.ts';
import { lz4Decompress } from './lz4.ts';
import type { FileRows } from './parquet-file.ts';

const unzstd = promisify(zstdDecompress);

/**
 * The rows of a Feather file, a batch at a time, and of the wanted columns only: others are not fetched. Where none is wanted
 * the first one stands for the number of rows. Throws `invalid_entry` for a damaged file.
 */
export async function readFeather(
  path: string,
  { access, wanted }: { access: StorageAccess; wanted: ReadonlySet<string> | null },
): Promise<FileRows> {
  const file = await openFeather(path, access);
  const { schema, layouts } = file;
  const all = schema.fields.map((field, index): Column => ({ field, layout: layoutOf(layouts, index), index }));
  const chosen = all.filter(({ field }) => wanted === null || wanted.has(field.name));
  const columns = chosen.length > 0 ? chosen : all.slice(0, 1);
  const kept = new arrow.Schema(columns.map(({ field }) => field));
  return { schema: kept, batches: () => readBatches(file, kept, columns) };
}

interface Column {
  field: arrow.Field;
  layout: Layout;
  index: number;
}

function layoutOf(layouts: Layout[], index: number): Layout {
  const layout = layouts[index];
  if (layout === undefined) throw new Error('a schema has a layout for each of its fields');
  return layout;
}

async function* readBatches(
  file: FeatherFile,
  schema: arrow.Schema,
  columns: Column[],
): AsyncGenerator<arrow.RecordBatch> {
  const dictionaries = await readDictionaries(file, columns);
  for (const block of file.record_batches) {
    const header = await readBatchHeader(file, block);
    if (header.dictionary !== null) throw damaged(file.path, 'a dictionary stands in place of a batch');
    const spans = translated(file.path, () => spansOf(file, header));
    const children: arrow.Data[] = [];
    for (const { field, layout, index } of columns) {
      children.push(await readColumn(file, { block, header, ...field, layout, span: spans[index] }, dictionaries));
    }
    const { length } = header;
    if (children.some((child) => child.length !== length)) throw damaged(file.path, 'its columns differ in length');
    const data = arrow.makeData({ type: new arrow.Struct(schema.fields), length, nullCount: 0, children });
    yield new arrow.RecordBatch(schema, data);
  }
}

/** What each column of a batch takes of its lists. */
function spansOf({ schema, layouts }: FeatherFile, { variadic_counts }: BatchHeader): Span[] {
  const at = { nodes: 0, buffers: 0, variadic: 0, counts: variadic_counts };
  return schema.fields.map(({ type }, index) => {
    const start = { ...at };
    passColumn(type, layoutOf(layouts, index), at);
    return { start, end: { ...at } };
  });
}

const ALL = { nodes: undefined, buffers: undefined, variadic: undefined };

interface Span {
  start: ColumnSpan;
  end: ColumnSpan;
}

interface Part {
  block: Block;
  header: BatchHeader;
  type: arrow.DataType;
  layout: Layout;
  /** The column's share of the batch; all of it when it is left out. */
  span?: Span | undefined;
}

async function readColumn(
  file: FeatherFile,
  { block, header, type, layout, span }: Part,
  dictionaries: ColumnParts['dictionaries'],
): Promise<arrow.Data> {
  const { start, end } = span ?? { start: { nodes: 0, buffers: 0, variadic: 0 }, end: ALL };
  const parts: ColumnParts = {
    nodes: header.nodes.slice(start.nodes, end.nodes),
    buffers: await readBuffers(file, block, { ...header, buffers: header.buffers.slice(start.buffers, end.buffers) }),
    variadic_counts: header.variadic_counts.slice(start.variadic, end.variadic),
    dictionaries,
  };
  return translated(file.path, () => takeColumn(type, layout, parts));
}

/** The buffers of a column lie side by side, so they are fetched at once. */
async function readBuffers(file: FeatherFile, block: Block, header: BatchHeader): Promise<Uint8Array[]> {
  const filled = header.buffers.filter(({ length }) => length > 0);
  const start = Math.min(...filled.map(({ offset }) => offset));
  const end = Math.max(...filled.map(({ offset, length }) => offset + length));
  if (filled.length === 0) return header.buffers.map(() => new Uint8Array());
  if (start < 0 || end > block.body_length) throw damaged(file.path, 'a column lies outside of its batch');
  const body = block.offset + block.metadata_length;
  const bytes = await file.storage.readRange(file.path, body + start, end - start);
  const buffers: Uint8Array[] = [];
  for (const { offset, length } of header.buffers) {
    const stored = length > 0 ? bytes.subarray(offset - start, offset - start + length) : new Uint8Array();
    buffers.push(header.codec === null ? stored : await decompress(file.path, header.codec, stored));
  }
  return buffers;
}

/** Each compressed buffer begins with its length, or -1 where it is stored as it is. */
const LENGTH_BYTES = 8;
/** A buffer of a batch: 128 million doubles. Batches are mostly of 64 thousand rows. */
const BUFFER_BYTES_MAX = 2 ** 30;

async function decompress(path: string, codec: number, stored: Uint8Array): Promise<Uint8Array> {
  if (stored.length === 0) return stored;
  if (stored.length < LENGTH_BYTES) throw damaged(path, 'a buffer is cut short');
  const length = Number(new DataView(stored.buffer, stored.byteOffset).getBigInt64(0, true));
  const bytes = stored.subarray(LENGTH_BYTES);
  if (length === -1) return bytes;
  if (length < 0 || length > BUFFER_BYTES_MAX) throw damaged(path, `a buffer would be ${length} bytes long`);
  if (codec === 0) return translated(path, () => lz4Decompress(bytes, length));
  if (codec !== 1) throw damaged(path, `its buffers are compressed by an unknown codec (${codec})`);
  try {
    const whole = await unzstd(bytes, { maxOutputLength: Math.max(1, length) });
    if (whole.length === length) return whole;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw damaged(path, `a buffer cannot be decompressed (${error.message})`);
  }
  throw damaged(path, 'a buffer is shorter than it says');
}

/** The dictionaries that the columns use. */
async function readDictionaries(file: FeatherFile, columns: Column[]): Promise<Map<number, arrow.Vector>> {
  const uses = new Map<number, DictionaryUse>();
  for (const { field, layout } of columns) noteUses(field.type, layout, uses);
  const found = new Map<number, arrow.Vector>();
  for (const block of uses.size === 0 ? [] : file.dictionaries) {
    const header = await readBatchHeader(file, block);
    const use = uses.get(header.dictionary?.id ?? Number.NaN);
    if (header.dictionary === null) throw damaged(file.path, 'a batch stands in place of a dictionary');
    if (use === undefined) continue;
    const { id, is_delta } = header.dictionary;
    const known = found.get(id);
    if (known !== undefined && !is_delta) throw damaged(file.path, 'a dictionary is given twice');
    const values = await readColumn(file, { block, header, ...use }, found);
    found.set(id, new arrow.Vector([...(known?.data ?? []), values]));
  }
  return found;
}

interface DictionaryUse {
  type: arrow.DataType;
  layout: Layout;
}

function noteUses(type: arrow.DataType, layout: Layout, uses: Map<number, DictionaryUse>): void {
  const values: arrow.DataType = arrow.DataType.isDictionary(type) ? type.dictionary : type;
  if (arrow.DataType.isDictionary(type)) uses.set(type.id, { type: values, layout });
  for (const [index, child] of layout.children.entries()) {
    const field: arrow.Field | undefined = values.children?.[index];
    if (field !== undefined) noteUses(field.type, child, uses);
  }
}
