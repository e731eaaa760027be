import type { Better, Comparison, Goal } from './benchmark.ts';
import { OURS } from './benchmark.ts';

/** The middle of some figures, with the least and the greatest. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

/** The spread of some figures. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return { median: (low + high) / 2, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 };
}

/** The spread of ours over a peer's, run by run. */
export function ratioTo({ samples }: Pick<Comparison, 'samples'>, peer: string): Spread | null {
  const theirs = samples[peer];
  const ours = samples[OURS];
  if (!ours || !theirs) return null;
  return spreadOf(ours.map((figure, run) => figure / (theirs[run] ?? Number.NaN)));
}

/** What came of a goal: the figure that it is about, and whether it was reached; null where it was not measured. */
export function reached(comparison: Comparison, { value, over }: Goal): { spread: Spread; isReached: boolean } | null {
  const ours = comparison.samples[OURS];
  const spread = over === undefined ? ours && spreadOf(ours) : ratioTo(comparison, over);
  if (!spread) return null;
  return { spread, isReached: isAsGood(comparison.better, spread.median, value) };
}

function isAsGood(better: Better, figure: number, goal: number): boolean {
  return better === 'more' ? figure >= goal : figure <= goal;
}

/** How many times better ours is, by the ratio of ours to a peer's: below 1 the peer wins. */
export function timesBetter(better: Better, ratio: Spread): Spread {
  if (better === 'more') return ratio;
  return { median: 1 / ratio.median, least: 1 / ratio.most, most: 1 / ratio.least };
}

/** A figure in as many digits as one can take in. */
export function shortly(figure: number): string {
  if (!Number.isFinite(figure)) return '-';
  const digits = Math.abs(figure) >= 100 ? 0 : Math.abs(figure) >= 10 ? 1 : Math.abs(figure) >= 1 ? 2 : 3;
  return figure.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** A spread as `median (least to most)`. */
export function told({ median, least, most }: Spread): string {
  return `${shortly(median)} (${shortly(least)} to ${shortly(most)})`;
}
