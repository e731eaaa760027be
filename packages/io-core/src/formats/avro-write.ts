import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, zstdCompress } from 'node:zlib';
import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { readColumn } from '../columns/read.ts';
import type { TypedRows } from '../rows.ts';
import { type AvroEncoder, AvroSink, avroField } from './avro-encode.ts';
import type { Compression, FileWrite, StoredRows } from './capability.ts';

const deflate = promisify(deflateRaw);
const zstd = promisify(zstdCompress);

/** A block is decompressed as a whole, so it is small; readers that split files do so between blocks. */
const BLOCK_BYTES = 1024 * 1024;

/** How blocks are compressed. Every reader of Avro knows deflate; the official Python client does not know zstandard. */
const CODECS: Partial<Record<Compression, { name: string; pack: (bytes: Buffer) => Promise<Uint8Array> }>> = {
  none: { name: 'null', pack: async (bytes) => bytes },
  gzip: { name: 'deflate', pack: (bytes) => deflate(bytes) },
  zstd: { name: 'zstandard', pack: (bytes) => zstd(bytes) },
};

/**
 * Writes rows as an Avro object container file, whole and durable, a block at a time. Throws `not_supported`, before anything is
 * written, for columns of types and names that Avro does not have.
 */
export async function writeAvro(rows: TypedRows, { path, compression, access }: FileWrite): Promise<StoredRows> {
  const codec = CODECS[compression ?? 'gzip'];
  if (codec === undefined) {
    const message = `Avro files are not compressed by ${compression} here; leave it out, or say gzip, zstd or none.`;
    throw new DeltacatError('not_supported', message, { compression });
  }
  let types = 0;
  const fields = rows.columns.map(({ field }) => avroField(field, field.name, (kind) => `${kind}_${++types}`));
  const schema = {
    type: 'record',
    name: 'row',
    fields: fields.map(({ name, schema: type }) => ({ name, type })),
  };
  const sync = randomBytes(16);
  let content_length = 0;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    const header = headerOf(JSON.stringify(schema), codec?.name ?? 'null', sync);
    content_length += header.length;
    yield header;
    for (const { count, values } of blocks(rows, fields)) {
      const packed = await codec?.pack(values);
      const block = blockOf(count, packed ?? values, sync);
      content_length += block.length;
      yield block;
    }
  }
  await access.open(path).writeNew(path, bytes());
  return { content_length, source_content_length: content_length, content_encoding: 'identity' };
}

function headerOf(schema: string, codec: string, sync: Uint8Array): Buffer {
  const sink = new AvroSink();
  sink.raw(Buffer.from('Obj\x01', 'latin1'));
  sink.long(2);
  for (const text of ['avro.schema', schema, 'avro.codec', codec]) sink.bytes(Buffer.from(text));
  sink.long(0);
  sink.raw(sync);
  return sink.finish();
}

function blockOf(count: number, packed: Uint8Array, sync: Uint8Array): Buffer {
  const sink = new AvroSink();
  sink.long(count);
  sink.bytes(packed);
  sink.raw(sync);
  return sink.finish();
}

function* blocks({ columns, row_count }: TypedRows, fields: { encode: AvroEncoder }[]) {
  const readers = columns.map(({ chunks }) => readColumn(new arrow.Vector(chunks)));
  const sink = new AvroSink();
  let first = 0;
  for (let row = 0; row < row_count; row++) {
    for (const [index, { encode }] of fields.entries()) encode(sink, readers[index]?.(row));
    if (sink.length < BLOCK_BYTES && row + 1 < row_count) continue;
    yield { count: row + 1 - first, values: sink.finish() };
    first = row + 1;
  }
}
