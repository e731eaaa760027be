import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A temporary folder for files that DuckDB must find by path: made when the first file is put, gone when disposed.
 */
export class Scratch implements AsyncDisposable {
  #folder: Promise<string> | null = null;

  /** The path of a new file in the folder, which does not exist yet. */
  async path(extension: string): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'deltacat-'));
    const folder = await this.#folder;
    await mkdir(folder, { recursive: true });
    return join(folder, `${randomUUID()}${extension}`);
  }

  /** Puts bytes in a new file and tells its path. They are not made durable: the folder will not last. */
  async put(bytes: Uint8Array, extension: string): Promise<string> {
    const path = await this.path(extension);
    await writeFile(path, bytes);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder === null) return;
    const folder = await this.#folder;
    this.#folder = null;
    await rm(folder, { recursive: true, force: true });
  }
}
