import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stringifyJson } from '@deltacat/contract';
import { closeEngine } from '@deltacat/io-core';
import { type Benchmark, type Finding, measureInTurns, OURS } from '../suite/benchmark.ts';
import { scratch } from '../suite/scratch.ts';
import { type MergeSize, writeMergeTable } from './merge-table.ts';

const SIZE: MergeSize = { rows: 10_000_000, base_files: 10, upserts: 20, rows_per_upsert: 500_000 };
const QUICK: MergeSize = { rows: 10_000, base_files: 2, upserts: 5, rows_per_upsert: 500 };
/** The acts of the child, each with its limit in MiB. */
const ACTS = [
  ['read', 1_024],
  ['read', 512],
  ['sorted', 1_024],
  ['rewrite', 1_024],
] as const;
const CHILD = fileURLToPath(new URL('./merge-memory-child.ts', import.meta.url));

/** The memory that merging takes, however many rows there are. */
export const mergeMemory: Benchmark = {
  title: 'Memory of merging',
  about:
    'The most resident memory of a process that merges 10 million rows of 6 columns with 20 upserts of 500,000 and 4 deletes: read batch by ' +
    'batch under two limits, read in the order of a text, and rewritten as files sorted by key.',
  async run({ runs, size }) {
    using folder = scratch();
    const files = folder.next('files');
    mkdirSync(files);
    const plan = join(files, 'plan.json');
    writeFileSync(plan, stringifyJson(await writeMergeTable(files, size(SIZE, QUICK)).finally(closeEngine)));
    const findings: Finding[] = [];
    for (const [act, limit_mb] of ACTS) {
      const title = `${act} within ${limit_mb} MiB`;
      const contenders = { [OURS]: () => run(act, plan, limit_mb) };
      const { peak_mb, ms } = await measureInTurns(contenders, { runs, kinds: ['peak_mb', 'ms'] });
      findings.push({ case: title, unit: 'MiB', better: 'less', goals: [{ value: limit_mb }], samples: peak_mb });
      findings.push({ case: `${title}, time`, unit: 'ms', better: 'less', samples: ms });
    }
    return findings;
  },
};

async function run(act: string, plan: string, limit_mb: number): Promise<Record<'rows' | 'peak_mb' | 'ms', number>> {
  const words = [...process.execArgv, CHILD, act, plan, String(limit_mb)];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  return JSON.parse(stdout);
}
