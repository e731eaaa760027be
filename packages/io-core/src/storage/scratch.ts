import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/**
 * A temporary folder for files that DuckDB must find by path: made when the first file is put, gone when disposed.
 */
export class Scratch implements AsyncDisposable {
  #folder: Promise<string> | null = null;

  /** The path of a new file in the folder, which does not exist yet. */
  async path(extension: string): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'deltacat-'));
    return join(await this.#folder, `${randomUUID()}${extension}`);
  }

  /** Puts bytes in a new file and tells its path. They are not made durable: the folder will not last. */
  async put(bytes: Uint8Array, extension: string): Promise<string> {
    const path = await this.path(extension);
    await writeFile(path, bytes);
    return path;
  }

  /** Takes layers of gzip off a local file, in a stream, and tells the path of the result. */
  async gunzip(source: string, layers: number): Promise<string> {
    const path = await this.path('');
    const unpackers = Array.from({ length: layers }, () => createGunzip());
    await pipeline([createReadStream(source), ...unpackers, createWriteStream(path, { flags: 'wx' })]);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder === null) return;
    const folder = await this.#folder;
    this.#folder = null;
    await rm(folder, { recursive: true, force: true });
  }
}
