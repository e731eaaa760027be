// Run by merge-memory.ts: reads, as it is or sorted, or rewrites what a plan tells of, and prints how much memory that took at most.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJson, readPlan } from '@deltacat/contract';
import { configureEngine, executePlan, rewritePlan } from '@deltacat/io-core';

const [act, file = '', limit_mb] = process.argv.slice(2);
const plan = readPlan.parse(parseJson(readFileSync(file, 'utf8')));
configureEngine({ memory_limit_mb: Number(limit_mb) });

const started = performance.now();
const rows = act === 'rewrite' ? await rewriteRows() : await readRows();
const peak_mb = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ rows, peak_mb, ms: Math.round(performance.now() - started) }));

async function readRows(): Promise<number> {
  let count = 0;
  const sort_scheme = act === 'sorted' ? { keys: [{ key: ['name'] }] } : null;
  for await (const batch of executePlan({ ...plan, sort_scheme }).batches()) count += batch.numRows;
  return count;
}

async function rewriteRows(): Promise<number> {
  const data_dir = mkdtempSync(join(tmpdir(), 'deltacat-bench-'));
  try {
    const { schema = null, merge_keys = null } = plan;
    const { entries } = await rewritePlan(plan, { data_dir, schema, merge_keys });
    return entries.reduce((sum, { record_count }) => sum + (record_count ?? 0), 0);
  } finally {
    rmSync(data_dir, { recursive: true });
  }
}
