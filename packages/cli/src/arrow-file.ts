import { setImmediate } from 'node:timers/promises';
import type { PlanRows } from '@deltacat/io-core';
import { RecordBatchFileWriter } from 'apache-arrow';

/** Rows as an Arrow IPC file (Feather, version 2), uncompressed, batch by batch. No rows make a file of the columns. */
export async function* arrowFileBytes({
  schema,
  batches,
}: Pick<PlanRows, 'schema' | 'batches'>): AsyncGenerator<Uint8Array> {
  const writer = new RecordBatchFileWriter();
  writer.reset(undefined, schema);
  const queue = writer[Symbol.asyncIterator]();
  let waiting = queue.next();
  for await (const batch of batches()) {
    writer.write(batch);
    // The writer queues without limit, so that each batch is taken before the next is read; a queue that is not empty answers at once.
    for (;;) {
      const taken = await Promise.race([waiting, setImmediate(null)]);
      if (taken === null || taken.done) break;
      yield taken.value;
      waiting = queue.next();
    }
  }
  writer.finish();
  for (let taken = await waiting; !taken.done; taken = await queue.next()) yield taken.value;
}
