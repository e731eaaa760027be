import { pipeline } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { DeltacatError } from '@deltacat/contract';
import type { FileWrite, StoredRows } from './capability.ts';

/** Text is handed over in pieces of about this size. */
const PIECE_CHARACTERS = 256 * 1024;

/**
 * Writes lines as one gzipped text file, whole and durable, a piece at a time. It is gzipped once, and its entry says so; older
 * writers do it twice.
 */
export async function writeLines(lines: Iterable<string>, write: FileWrite): Promise<StoredRows> {
  if (write.compression !== null && write.compression !== 'gzip') {
    throw new DeltacatError(
      'not_supported',
      `Text files are compressed by gzip, not by ${write.compression}; leave the compression out, or write Parquet.`,
      { compression: write.compression },
    );
  }
  const stored: StoredRows = { content_length: 0, source_content_length: 0, content_encoding: 'gzip' };
  async function* bytes(): AsyncGenerator<Uint8Array> {
    const gzip = createGzip({ level: constants.Z_DEFAULT_COMPRESSION });
    // A failure ends the stream, and is thrown where it is read.
    pipeline(pieces(lines, stored), gzip, () => {});
    for await (const part of gzip) {
      stored.content_length += part.byteLength;
      yield part;
    }
  }
  await write.access.open(write.path).writeNew(write.path, bytes());
  return stored;
}

function* pieces(lines: Iterable<string>, stored: StoredRows): Generator<Uint8Array> {
  let piece = '';
  for (const line of lines) {
    piece += line;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield encoded(piece, stored);
    piece = '';
  }
  yield encoded(piece, stored);
}

function encoded(text: string, stored: StoredRows): Uint8Array {
  const bytes = Buffer.from(text);
  stored.source_content_length += bytes.byteLength;
  return bytes;
}
