import * as arrow from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { openRowStream } from './row-stream.ts';

/** Items that note how many were taken, and that they were let go. */
function source<Item>(items: Iterable<Item>) {
  const seen = { taken: 0, closed: false };
  async function* each() {
    try {
      for (const item of items) {
        seen.taken += 1;
        yield item;
      }
    } finally {
      seen.closed = true;
    }
  }
  return { seen, items: each() };
}

const batchOf = (...ids: number[]) =>
  arrow.tableFromArrays({ id: Int32Array.from(ids) }).batches[0] ?? expect.unreachable();
const text = (length: number) => ({ text: 'x'.repeat(length) });

async function sizesOf(data: unknown, size: { records_max?: number; bytes_max?: number }) {
  await using rows = await openRowStream(data);
  const sizes: number[] = [];
  for await (const block of rows.blocks({ records_max: 1e6, bytes_max: 1e9, ...size })) {
    sizes.push(block instanceof arrow.Table ? block.numRows : Number(block.length));
  }
  return sizes;
}

describe('rows that come one after another', () => {
  test('are handed out in blocks of as many rows as are asked for', async () => {
    const objects = Array.from({ length: 7 }, (_, id) => ({ id }));
    expect(await sizesOf(source(objects).items, { records_max: 3 })).toEqual([3, 3, 1]);
    expect(await sizesOf(source(objects.slice(0, 6)).items, { records_max: 3 })).toEqual([3, 3, 0]);
    const batches = [batchOf(1, 2), batchOf(3, 4), batchOf(5), batchOf()];
    expect(await sizesOf(source(batches).items, { records_max: 4 })).toEqual([4, 1]);
    expect(await sizesOf(source(batches).items, { records_max: 1 })).toEqual([2, 2, 1]);
  });

  test('are handed out earlier where they are large, at any depth', async () => {
    const large = [{ a: [text(1000)] }, { a: Buffer.alloc(2000) }, { a: 'x'.repeat(1000) }, { a: null }];
    expect(await sizesOf(source(large).items, { bytes_max: 2000 })).toEqual([1, 1, 1, 1]);
    const batches = [1, 2, 3].map(() => batchOf(...new Uint8Array(1000)));
    expect(await sizesOf(source(batches).items, { bytes_max: 9000 })).toEqual([2000, 1000]);
  });

  test('are taken as they are needed, also from a generator without an end', async () => {
    const { seen, items } = source(
      (function* () {
        for (let id = 0; ; id++) yield { id };
      })(),
    );
    {
      await using rows = await openRowStream(items);
      const blocks = rows.blocks({ records_max: 10, bytes_max: 1e9 })[Symbol.asyncIterator]();
      expect((await blocks.next()).value).toHaveLength(10);
      expect(seen.taken).toBe(10);
    }
    expect(seen.closed).toBe(true);
  });

  test('tell the schema of the first batch, and none of objects', async () => {
    await using batches = await openRowStream(source([batchOf(1)]).items);
    expect(batches.schema?.fields.map(String)).toEqual(['id: Int32']);
    await using objects = await openRowStream(source([{ id: 1 }]).items);
    expect(objects.schema).toBeNull();
    await using none = await openRowStream(source([]).items);
    expect(none.schema).toBeNull();
    expect(await Array.fromAsync(none.blocks({ records_max: 1, bytes_max: 1 }))).toEqual([[]]);
  });

  test.each<[string, unknown[], string]>([
    ['a number', [{ id: 1 }, 2], 'Row data 1'],
    ['a batch after objects', [{ id: 1 }, { id: 2 }, batchOf(1)], 'Row data 2'],
    ['an object after batches', [batchOf(1), { id: 2 }], 'Row data 1'],
    ['a batch of other columns', [batchOf(1), batchOf(2), arrow.tableFromArrays({ x: ['a'] }).batches[0]], 'batch 2'],
  ])('are refused at %s, by its place, and let go', async (_title, items, said) => {
    const { seen, items: each } = source(items);
    await expect(sizesOf(each, { records_max: 1 })).rejects.toThrow(said);
    expect(seen.closed).toBe(true);
  });

  test('are refused by the first, before a block is asked for', async () => {
    const { seen, items } = source(['a']);
    await expect(openRowStream(items)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(seen.closed).toBe(true);
  });
});

test('rows that are given at once are one block', async () => {
  const objects = Array.from({ length: 7 }, (_, id) => ({ id }));
  expect(await sizesOf(objects, { records_max: 3 })).toEqual([7]);
  expect(await sizesOf(arrow.tableFromArrays({ id: [1, 2] }), { records_max: 1 })).toEqual([2]);
});
