// `npm run bench [-- NAME...]`: runs the benchmarks, prints their figures and stores them in bench/results/.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { appends, appendsOnPostgres } from './appends.ts';
import { merge } from './merge.ts';
import { mergeMemory } from './merge-memory.ts';
import { s3Columns } from './s3-columns.ts';

/** Every benchmark by name. Each returns its figures, or null where it cannot run; goals stand beside them, and nothing is asserted. */
const BENCHMARKS: Record<string, () => Promise<Record<string, number | string> | null>> = {
  appends,
  'appends-postgres': appendsOnPostgres,
  merge,
  'merge-memory': mergeMemory,
  's3-columns': s3Columns,
};

/** What brings those that need a server. */
const BRINGS: Record<string, string> = {
  'appends-postgres': 'a PostgreSQL; run it by `npm run bench:postgres`',
  's3-columns': 'an S3; run it by `npm run bench:s3`',
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(BENCHMARKS, name));
if (unknown.length > 0) {
  console.error(`Unknown benchmark: ${unknown.join(', ')}. Known: ${Object.keys(BENCHMARKS).join(', ')}.`);
  process.exit(2);
}

const results = new URL('./results/', import.meta.url);
mkdirSync(results, { recursive: true });
for (const [name, run] of Object.entries(BENCHMARKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`${name}:`);
  const figures = await run();
  if (figures === null) {
    console.log(`skipped: it needs ${BRINGS[name]}`);
    continue;
  }
  console.table(figures);
  const machine = `${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const stored = { benchmark: name, date: new Date().toISOString().slice(0, 10), machine, figures };
  writeFileSync(new URL(`${name}.json`, results), `${JSON.stringify(stored, null, 2)}\n`);
}
