import type { Peers } from './peers.ts';

/** What one run of a contender gave, in the unit of the comparison; one figure for each run, in the order of the runs. */
export type Samples = Record<string, number[]>;

/** Whether a greater figure is the better one, as with appends per second, or a smaller one, as with milliseconds. */
export type Better = 'more' | 'less';

/** What we hold ourselves to, in the figure of ours or in its ratio to that of a peer. */
export interface Goal {
  /** At least this where more is better, at most this where less is. */
  value: number;
  /** The peer that ours is divided by. */
  over?: string;
}

/** The same work, done by us and by others. */
export interface Comparison {
  case: string;
  unit: string;
  better: Better;
  goals?: Goal[];
  samples: Samples;
}

/** How the cost of one thing grows with another. */
export interface Growth {
  case: string;
  unit: string;
  better: Better;
  /** What grows, with its unit: `files in the table`. */
  by: string;
  points: { at: number; goals?: Goal[]; samples: Samples }[];
}

/** What a benchmark found. */
export type Finding = Comparison | Growth;

/** How a benchmark is run. */
export interface Setting {
  /** How often each contender does its work; they take turns. */
  runs: number;
  /** The one of two sizes that this run is to have: the whole, or one that shows in seconds that everything works. */
  size<T>(whole: T, quick: T): T;
  peers: Peers;
}

/** A benchmark of the suite. */
export interface Benchmark {
  title: string;
  /** What is measured, by whom and how, in sentences for docs/performance.md. */
  about: string;
  /** What it cannot run without; null when that is there. */
  missing?(): string | null;
  run(setting: Setting): Promise<Finding[]>;
}

/** Someone who does the work of a comparison once and says what that took. */
export type Contender = () => Promise<number>;

/** What the contender that is ours is called. */
export const OURS = 'deltacat';

/**
 * Lets contenders do their work in turns, so that whatever else the machine does meanwhile is shared among them; the figures
 * of one run belong together, and so does their ratio. Of several runs, one more comes first and does not count: caches are
 * filled and compilers warm. Each piece of work answers one figure of each kind, and so do the samples.
 */
export async function measureInTurns<Kind extends string>(
  contenders: Record<string, () => Promise<Record<Kind, number>>>,
  { runs, kinds }: { runs: number; kinds: readonly Kind[] },
): Promise<Record<Kind, Samples>> {
  const none = () => Object.fromEntries(Object.keys(contenders).map((name): [string, number[]] => [name, []]));
  const samples = Object.fromEntries(kinds.map((kind) => [kind, none()])) as Record<Kind, Samples>; // of just these kinds
  for (let run = runs > 1 ? -1 : 0; run < runs; run += 1) {
    for (const [name, work] of Object.entries(contenders)) {
      const figures = await work();
      if (run >= 0) for (const kind of kinds) samples[kind][name]?.push(figures[kind]);
    }
  }
  return samples;
}

/** The same of work that answers one figure. */
export async function inTurns(contenders: Record<string, Contender>, runs: number): Promise<Samples> {
  const works = Object.entries(contenders).map(
    ([name, work]) => [name, async () => ({ figure: await work() })] as const,
  );
  return (await measureInTurns(Object.fromEntries(works), { runs, kinds: ['figure'] })).figure;
}

/** How many milliseconds some work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
