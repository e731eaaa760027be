import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stringifyJson } from '@deltacat/contract';
import { writeMergeTable } from './merge-table.ts';

const SIZE = { rows: 10_000_000, base_files: 10, upserts: 20, rows_per_upsert: 500_000 };
/** The acts of the child, each with its limit in MiB. */
const RUNS = [
  ['read', 1_024],
  ['read', 512],
  ['sorted', 1_024],
  ['rewrite', 1_024],
] as const;
const CHILD = fileURLToPath(new URL('./merge-memory-child.ts', import.meta.url));

/**
 * The most memory that a process of its own takes to merge 10 million rows with 20 upserts of 500,000 and 4 deletes, of 6 columns:
 * read batch by batch under two memory limits and in the order of a column, and rewritten as files sorted by key.
 */
export async function mergeMemory(): Promise<Record<string, number | string>> {
  const folder = await mkdtemp(join(tmpdir(), 'deltacat-bench-'));
  try {
    const plan = join(folder, 'plan.json');
    await writeFile(plan, stringifyJson(await writeMergeTable(folder, SIZE)));
    const figures: Record<string, number | string> = {};
    for (const [act, limit] of RUNS) {
      const { rows, peak_mb, ms } = await run(act, plan, limit);
      figures.rows = rows;
      figures[`${act} within ${limit} MiB, peak in MiB`] = peak_mb;
      figures[`${act} within ${limit} MiB, ms`] = ms;
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(act: string, plan: string, limit_mb: number): Promise<Record<'rows' | 'peak_mb' | 'ms', number>> {
  const words = [...process.execArgv, CHILD, act, plan, String(limit_mb)];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  return JSON.parse(stdout);
}
