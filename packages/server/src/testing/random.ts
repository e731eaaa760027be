/** A choice of numbers that looks random and can be had again. */
export interface Random {
  /** What to set SEED to, to see the same choices again. */
  seed: number;
  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number;
  /** One of some things. */
  pick<T>(items: readonly [T, ...T[]]): T;
}

/** A small seeded generator (mulberry32), so that a failure can be replayed: SEED=<number> brings its choices back. */
export function seededRandom(seed = Number(process.env.SEED ?? Date.now() % 1_000_000)): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (end: number) => Math.floor(next() * end);
  return { seed, below, pick: (items) => items[below(items.length)] ?? items[0] };
}
