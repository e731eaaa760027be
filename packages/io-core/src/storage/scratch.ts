import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { DeltacatError } from '@deltacat/contract';

/** What a file may be wrapped in. */
export type Wrapping = 'gzip' | 'zstd' | 'deflate';

const UNPACKERS: Record<Wrapping, () => Transform> = {
  gzip: createGunzip,
  zstd: createZstdDecompress,
  deflate: createInflate,
};

/** Rows of one value compress to a thousandth; what grows more than this was made to fill disks. */
const UNPACKED_RATIO_MAX = 10_000;

/** The files that those of all scratch folders stand for. */
const origins = new Map<string, string>();

/** A text that names scratch files, with the names of the files that they stand for. */
export function withOrigins(text: string): string {
  let named = text;
  if (text.includes(FOLDER_PREFIX)) for (const [path, origin] of origins) named = named.replaceAll(path, origin);
  return named;
}

const FOLDER_PREFIX = 'deltacat-';

/**
 * A temporary folder for files that DuckDB must find by path: made when the first file is put, gone when disposed.
 */
export class Scratch implements AsyncDisposable {
  #folder: Promise<string> | null = null;
  readonly #paths: string[] = [];
  readonly #kept: (() => Promise<void>)[] = [];

  /** Keeps a file that lies elsewhere, and stands for another one, until the scratch folder is disposed. */
  keep(path: string, origin: string, release: () => Promise<void>): void {
    origins.set(path, origin);
    this.#paths.push(path);
    this.#kept.push(release);
  }

  /** The path of a new file in the folder, which does not exist yet, and stands for another one where that is told. */
  async path(extension: string, origin: string | null = null): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), FOLDER_PREFIX));
    const path = join(await this.#folder, `${randomUUID()}${extension}`);
    if (origin !== null) {
      origins.set(path, origin);
      this.#paths.push(path);
    }
    return path;
  }

  /** Puts the bytes of a file in a new one and tells its path. They are not made durable: the folder will not last. */
  async put(bytes: Uint8Array, extension: string, origin: string): Promise<string> {
    const path = await this.path(extension, origin);
    await writeFile(path, bytes);
    return path;
  }

  /** Another path in the folder for something of this machine, which may have any name. */
  async link(target: string, extension: string): Promise<string> {
    const path = await this.path(extension, target);
    await symlink(target, path);
    return path;
  }

  /** Takes layers off a local file, the outermost first, in a stream, and tells the path of the result. */
  async unpack(source: string, layers: Wrapping[], origin: string): Promise<string> {
    const path = await this.path('', origin);
    const limit = limited((await stat(source)).size * UNPACKED_RATIO_MAX, origin);
    const unpackers = layers.map((layer) => UNPACKERS[layer]());
    await pipeline([createReadStream(source), ...unpackers, limit, createWriteStream(path, { flags: 'wx' })]);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of this.#paths.splice(0)) origins.delete(path);
    await Promise.all(this.#kept.splice(0).map((release) => release()));
    if (this.#folder === null) return;
    const folder = await this.#folder;
    this.#folder = null;
    await rm(folder, { recursive: true, force: true });
  }
}

function limited(bytes_max: number, origin: string): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.byteLength;
      if (bytes <= bytes_max) return done(null, chunk);
      const message = `${origin} unpacks to more than ${UNPACKED_RATIO_MAX} times its size, which no rows do. Write it again.`;
      done(new DeltacatError('invalid_entry', message, { path: origin }));
    },
  });
}
