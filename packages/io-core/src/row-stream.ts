import * as arrow from 'apache-arrow';
import { adoptBatches } from './columns/adopt.ts';
import { type ArrowBatch, isArrowBatch } from './columns/arrow-shape.ts';
import { isRowSequence, type RowItem, requireItem, type TakenRows, takeRows } from './row-data.ts';
import { declaredSchema, valuesSchema } from './rows.ts';

/** How much is gathered before it is handed out. */
export interface BlockSize {
  records_max: number;
  bytes_max: number;
}

/** Rows to be written, which may be more than memory holds. Whoever opens them disposes of them. */
export interface RowStream extends AsyncDisposable {
  /** The schema that is known without values, see `declaredSchema`; of record batches that of the first. */
  schema: arrow.Schema | null;
  /** The schema that the first block asks for, which is held until it is handed out; null for no rows. */
  firstSchema(size: BlockSize): Promise<arrow.Schema | null>;
  /**
   * The rows in their order, in blocks that begin a new one when they are full: no larger than asked for, but by one record batch.
   * Rows that were given all at once are one block. Can be gone through once.
   */
  blocks(size: BlockSize): AsyncIterable<TakenRows>;
}

/** Rows as they were given, of which the first were looked at. Throws `invalid_request` for everything that holds none. */
export async function openRowStream(data: unknown): Promise<RowStream> {
  if (!isRowSequence(data)) {
    const rows = takeRows(data);
    return { schema: declaredSchema(rows), ...lookAhead(() => one(rows)), [Symbol.asyncDispose]: async () => {} };
  }
  const items = Symbol.asyncIterator in data ? data[Symbol.asyncIterator]() : data[Symbol.iterator]();
  const close = async () => {
    await items.return?.();
  };
  try {
    const { done, value: first } = await items.next();
    if (done) return { schema: null, ...lookAhead(() => one([])), [Symbol.asyncDispose]: close };
    requireItem(first, first, 0);
    const schema = isArrowBatch(first) ? adoptBatches(first.schema, [first]).schema : null;
    return { schema, ...lookAhead((size) => blocksOf(first, items, size)), [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Blocks = AsyncGenerator<TakenRows, void>;

/** Blocks of which the first can be looked at before they are gone through. */
function lookAhead(open: (size: BlockSize) => Blocks): Pick<RowStream, 'firstSchema' | 'blocks'> {
  const seen: TakenRows[] = [];
  let rest: Blocks | null = null;
  return {
    async firstSchema(size) {
      rest = open(size);
      const { done, value } = await rest.next();
      if (done) return null;
      seen.push(value);
      return valuesSchema(value);
    },
    async *blocks(size) {
      yield* seen.splice(0);
      yield* rest ?? open(size);
    },
  };
}

async function* one(rows: TakenRows): Blocks {
  yield rows;
}

type Items = AsyncIterator<unknown> | Iterator<unknown>;

async function* blocksOf(first: RowItem, items: Items, size: BlockSize): Blocks {
  const block = isArrowBatch(first) ? new BatchBlock(first, size) : new ObjectBlock(size);
  let item: unknown = first;
  for (let index = 0; ; index++) {
    requireItem(item, first, index);
    // Of the same kind as the first, as was just seen.
    const full = block.add(item as ArrowBatch & Record<string, unknown>, index);
    if (full !== null) yield full;
    const next = await items.next();
    if (next.done) break;
    item = next.value;
  }
  yield block.take();
}

/** Record batches that are gathered; each is brought over when it comes, so that one of other columns is found at once. */
class BatchBlock {
  readonly #first: ArrowBatch;
  readonly #size: BlockSize;
  #batches: arrow.RecordBatch[] = [];
  #records = 0;
  #bytes = 0;

  constructor(first: ArrowBatch, size: BlockSize) {
    this.#first = first;
    this.#size = size;
  }

  /** Adds a batch, before which a block that would become too large is handed out. */
  add(batch: ArrowBatch, index: number): arrow.Table | null {
    const { batches, numRows } = adoptBatches(this.#first.schema, [batch], index);
    const bytes = batches.reduce((sum, { data }) => sum + data.byteLength, 0);
    const { records_max, bytes_max } = this.#size;
    const isFull =
      this.#batches.length > 0 && (this.#records + numRows > records_max || this.#bytes + bytes > bytes_max);
    const full = isFull ? this.take() : null;
    if (numRows > 0) this.#batches.push(...batches);
    this.#records += numRows;
    this.#bytes += bytes;
    return full;
  }

  take(): arrow.Table {
    const [first] = this.#batches;
    const table =
      first === undefined ? adoptBatches(this.#first.schema, []) : new arrow.Table(first.schema, this.#batches);
    this.#batches = [];
    this.#records = 0;
    this.#bytes = 0;
    return table;
  }
}

/** Objects that are gathered. */
class ObjectBlock {
  readonly #size: BlockSize;
  #rows: Record<string, unknown>[] = [];
  #bytes = 0;

  constructor(size: BlockSize) {
    this.#size = size;
  }

  add(row: Record<string, unknown>): Record<string, unknown>[] | null {
    this.#rows.push(row);
    this.#bytes += roughBytes(row, 0);
    return this.#rows.length >= this.#size.records_max || this.#bytes >= this.#size.bytes_max ? this.take() : null;
  }

  take(): Record<string, unknown>[] {
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    return rows;
  }
}

/** What an object, or a value that is no text, takes at least. */
const VALUE_BYTES = 16;
/** Deeper values are counted as one: the sum is a measure, not a bill. */
const DEPTH_MAX = 8;

function roughBytes(value: unknown, depth: number): number {
  if (typeof value === 'string') return VALUE_BYTES + 2 * value.length;
  if (typeof value !== 'object' || value === null) return VALUE_BYTES;
  if (ArrayBuffer.isView(value)) return VALUE_BYTES + value.byteLength;
  let bytes = VALUE_BYTES;
  if (depth < DEPTH_MAX) for (const item of Object.values(value)) bytes += roughBytes(item, depth + 1);
  return bytes;
}
