import type { DataFile, ReadPlan } from '@deltacat/contract';
import type { Schema } from 'apache-arrow';
import { explainFailure } from './failed-files.ts';
import { openDataset } from './formats/lance.ts';
import { inspectFile } from './inspect.ts';
import type { ExecuteOptions } from './plan-rows.ts';
import type { StorageAccess } from './storage/access.ts';
import { Scratch } from './storage/scratch.ts';
import { vendedAccess } from './storage/vended-access.ts';
import { wholeFiles } from './whole-files.ts';

/** Rows of a Lance dataset that are asked for, by Lance's own library. */
export interface LanceQuery extends AsyncIterable<unknown> {
  select(columns: string[]): LanceQuery;
  /** A condition in the SQL of Lance. */
  where(condition: string): LanceQuery;
  limit(rows: number): LanceQuery;
  toArray(): Promise<Record<string, unknown>[]>;
}

/** A dataset as Lance's library opens it. It is a `Table` of `@lancedb/lancedb`, which can do more than is told here. */
export interface LanceTable {
  countRows(condition?: string): Promise<number>;
  query(): LanceQuery;
}

/** What a Lance dataset says of itself. */
export interface LanceDescription {
  schema: Schema;
  record_count: number;
  size_bytes: number;
}

/**
 * One Lance dataset of a plan, as it is. Nothing is read before it is asked for. Whoever opens it disposes of it: datasets in a remote
 * store are copied to this machine for as long as they are open.
 */
export class LanceHandle implements AsyncDisposable {
  readonly path: string;
  readonly #file: DataFile;
  readonly #access: StorageAccess;
  readonly #scratch = new Scratch();
  #opened: Promise<LanceTable & { close(): void }> | null = null;

  constructor(file: DataFile, access: StorageAccess) {
    this.path = file.path;
    this.#file = file;
    this.#access = access;
  }

  /** Its columns and sizes. Rejects with `data_missing` when it is gone, `invalid_entry` when it is no dataset. */
  async describe(): Promise<LanceDescription> {
    const { path } = this;
    const told = this.#told(() => inspectFile({ path, content_type: 'lance', access: this.#access }));
    const { schema, record_count, size_bytes } = await told;
    if (schema === null || record_count === null) throw new Error('a Lance dataset tells its columns and rows');
    return { schema, record_count, size_bytes };
  }

  /** Opens it, once. Rejects as `describe` does, and with `not_supported` where `@lancedb/lancedb` is not installed. */
  async open(): Promise<LanceTable> {
    this.#opened ??= this.#told(async () => {
      const { table } = await openDataset(this.path, { access: this.#access, scratch: this.#scratch });
      return table;
    });
    return this.#opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opened?.catch(() => null);
    this.#opened = null;
    opened?.close();
    await this.#scratch[Symbol.asyncDispose]();
  }

  async #told<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw await explainFailure(error, { files: [this.#file], access: this.#access });
    }
  }
}

/** Handles of the datasets of a plan, in their order; none for a plan without files. Throws `not_supported` as `wholeFiles` does. */
export function lanceHandles(plan: ReadPlan, { access }: Pick<ExecuteOptions, 'access'> = {}): LanceHandle[] {
  const reach = access ?? vendedAccess(plan);
  return wholeFiles(plan, 'lance').map((file) => new LanceHandle(file, reach));
}
