import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import type { Finding } from './benchmark.ts';

/** What a benchmark found when it was last run in whole, as it is stored. */
export interface Result {
  benchmark: string;
  /** The day, as `YYYY-MM-DD`. */
  date: string;
  machine: string;
  runs: number;
  findings: Finding[];
}

const FOLDER = new URL('../results/', import.meta.url);

/** Stores what a benchmark found in place of what it found before. */
export function storeResult(benchmark: string, { findings, runs }: Pick<Result, 'findings' | 'runs'>): void {
  const date = new Date().toISOString().slice(0, 10);
  const result: Result = { benchmark, date, machine: machine(), runs, findings: findings.map(rounded) };
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(new URL(`${benchmark}.json`, FOLDER), `${JSON.stringify(result, null, 1)}\n`);
}

/** What is stored, by benchmark. */
export function storedResults(): Map<string, Result> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  const results = names.map((name): Result => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')));
  return new Map(results.map((result) => [result.benchmark, result]));
}

/** What the figures depend on, of the machine. */
function machine(): string {
  const memory_gib = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} x ${cpus()[0]?.model}, ${memory_gib} GiB, ${process.platform} ${process.arch}, Node ${process.version}`;
}

/** Figures as they are told: of five digits, no more. */
function rounded<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_, part) => (typeof part === 'number' ? Number(part.toPrecision(5)) : part)),
  );
}
