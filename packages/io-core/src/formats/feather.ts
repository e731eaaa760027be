import { DeltacatError } from '@deltacat/contract';
import type { Schema } from 'apache-arrow';
import { deserializeSchema } from '../schema/schema.ts';
import type { StorageAccess } from '../storage/access.ts';
import type { Format, Inspection } from './capability.ts';

/** Feather tells its schema; its batches are mostly compressed in ways that cannot be read here. */
export const featherFormat: Format = { inspect: inspectFeather };

/** Both ends of the file. At its start two bytes of padding follow, and then most writers put the schema. */
const MAGIC = 'ARROW1';
const STREAM_START = 8;
const PREFIX_BYTES = 8;
/** Schemas are a few kilobytes; one of ten thousand columns is about a megabyte. */
const HEAD_BYTES = 64 * 1024;
const SCHEMA_BYTES_MAX = 16 * 1024 * 1024;

async function inspectFeather(path: string, access: StorageAccess): Promise<Inspection> {
  const storage = access.open(path);
  const tail = await storage.readTail(path, MAGIC.length);
  if (tail === null) throw new DeltacatError('invalid_entry', `There is no file ${path}.`, { path });
  const head = await storage.readRange(path, 0, HEAD_BYTES);
  if (!isMagic(tail.bytes) || !isMagic(head.subarray(0, MAGIC.length)) || head.length < STREAM_START + PREFIX_BYTES) {
    throw new DeltacatError('invalid_entry', `${path} is not a Feather file, or a cut one. Write it again.`, { path });
  }
  const length = new DataView(head.buffer, head.byteOffset).getUint32(STREAM_START + 4, true);
  const end = STREAM_START + PREFIX_BYTES + length;
  const isThere = length <= SCHEMA_BYTES_MAX && end < tail.size_bytes;
  const message = isThere ? await storage.readRange(path, STREAM_START, end - STREAM_START) : new Uint8Array();
  return { record_count: null, size_bytes: tail.size_bytes, schema: readSchema(message), column_stats: null };
}

function isMagic(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).toString('latin1') === MAGIC;
}

/** Some writers begin with a batch; what their columns are is then unknown, as for a CSV file. */
function readSchema(message: Uint8Array): Schema | null {
  try {
    return deserializeSchema(Buffer.from(message).toString('base64'));
  } catch (error) {
    if (error instanceof DeltacatError) return null;
    throw error;
  }
}
