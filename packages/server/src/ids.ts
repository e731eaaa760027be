import { randomFillSync } from 'node:crypto';

/** Random bytes are fetched for many ids at once: asking costs more than the bytes. */
const RANDOM_BYTES = 10;
const pool = Buffer.alloc(RANDOM_BYTES * 400);
let taken = pool.length;

const bytes = Buffer.alloc(16);

/**
 * A fresh lowercase UUID of version 7: it starts with the time, so that new rows meet in the same pages of an index
 * and a commit of many appends writes fewer of them.
 */
export function newUuid(): string {
  if (taken === pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  pool.copy(bytes, 6, taken, taken + RANDOM_BYTES);
  taken += RANDOM_BYTES;
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
