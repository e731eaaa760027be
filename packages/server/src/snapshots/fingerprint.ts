import { hash } from 'node:crypto';
import { giveWay } from '../db/give-way.ts';

const DIGITS = 32;
const MODULUS = 1n << 128n;

/** The fingerprint of no manifests. */
export const NO_FINGERPRINT = '0'.repeat(DIGITS);

/**
 * The fingerprint of a set of manifests with some more and without others: the sum of their hashes, so that it is the same
 * in whatever order they came and went, and keeping it up to date costs only what a commit changes.
 */
export function fingerprintWith(before: string, added: readonly string[], removed: readonly string[] = []): string {
  const sum = BigInt(`0x${before}`) + sumOf(added) - sumOf(removed);
  return BigInt.asUintN(128, sum % MODULUS)
    .toString(16)
    .padStart(DIGITS, '0');
}

/** How many are hashed before other requests get their turn: some ten milliseconds. */
const HASHED_AT_ONCE = 5_000;

/** The fingerprint of some manifests, of any number. */
export async function fingerprintOf(manifest_ids: readonly string[]): Promise<string> {
  let fingerprint = NO_FINGERPRINT;
  for (let start = 0; start < manifest_ids.length; start += HASHED_AT_ONCE) {
    if (start > 0) await giveWay();
    fingerprint = fingerprintWith(fingerprint, manifest_ids.slice(start, start + HASHED_AT_ONCE));
  }
  return fingerprint;
}

function sumOf(manifest_ids: readonly string[]): bigint {
  let [high, low] = [0n, 0n];
  for (const id of manifest_ids) {
    const digest = hash('sha256', id, 'buffer');
    high += digest.readBigUInt64BE(0);
    low += digest.readBigUInt64BE(8);
  }
  return (high << 64n) + low;
}
