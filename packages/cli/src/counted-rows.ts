import type { PlanRows } from '@deltacat/io-core';
import type { RecordBatch, Schema } from 'apache-arrow';
import { Progress } from './progress.ts';

/** Rows that are counted while they are read; how many there are so far is shown meanwhile. */
export class CountedRows {
  readonly schema: Schema;
  /** How many rows the last reading gave. */
  count = 0;
  readonly #rows: PlanRows;

  constructor(rows: PlanRows) {
    this.schema = rows.schema;
    this.#rows = rows;
  }

  /** The names of the columns. */
  get names(): string[] {
    return this.schema.fields.map(({ name }) => String(name));
  }

  /** The rows, batch by batch. Writers take this by itself. */
  readonly batches = (): AsyncGenerator<RecordBatch> => this.#count();

  async *#count(): AsyncGenerator<RecordBatch> {
    using progress = new Progress();
    this.count = 0;
    for await (const batch of this.#rows.batches()) {
      yield batch;
      this.count += batch.numRows;
      progress.update(`${this.count.toLocaleString('en-US')} rows`);
    }
  }
}
