import { hash } from 'node:crypto';

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

function sumOf(manifest_ids: readonly string[]): bigint {
  let sum = 0n;
  for (const id of manifest_ids) sum += BigInt(`0x${hash('sha256', id).slice(0, DIGITS)}`);
  return sum;
}
