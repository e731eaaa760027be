import { hash } from 'node:crypto';

/** How many paths there is room for at first. */
const PATHS_MIN = 1_024;

/**
 * Paths, in eight bytes each: a million of them take little memory. Two paths may be taken for one with a chance of about
 * one in 2^64 for each pair, so it may only decide what does no harm when it is wrong.
 */
export class PathSet {
  #marks = new BigUint64Array(PATHS_MIN);
  #count = 0;
  #isSorted = true;

  add(path: string): void {
    if (this.#count === this.#marks.length) {
      const larger = new BigUint64Array(this.#marks.length * 2);
      larger.set(this.#marks);
      this.#marks = larger;
    }
    this.#marks[this.#count] = mark(path);
    this.#count += 1;
    this.#isSorted = false;
  }

  has(path: string): boolean {
    if (!this.#isSorted) {
      this.#marks.subarray(0, this.#count).sort();
      this.#isSorted = true;
    }
    const wanted = mark(path);
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#marks[middle] ?? 0n) < wanted) low = middle + 1;
      else high = middle;
    }
    return low < this.#count && this.#marks[low] === wanted;
  }
}

function mark(path: string): bigint {
  return hash('sha1', path, 'buffer').readBigUInt64LE(0);
}
