// npm run bench -- [NAME...] [--quick] [--runs N]
// Runs benchmarks, or all of them, beside the peers, and stores what they found in bench/results/. Then writes docs/performance.md
// from everything that is stored there. With --quick everything is small and nothing is stored: it shows that all of it works.
import { parseArgs } from 'node:util';
import { BENCHMARKS } from './benchmarks.ts';
import type { Setting } from './suite/benchmark.ts';
import { installPeers } from './suite/peers.ts';
import { printFindings } from './suite/print.ts';
import { storeResult } from './suite/results.ts';

const RUNS = 5;
const QUICK_RUNS = 1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, runs: { type: 'string' } },
});
const runs = Number(values.runs ?? (values.quick ? QUICK_RUNS : RUNS));
const unknown = positionals.filter((name) => !Object.hasOwn(BENCHMARKS, name));
if (unknown.length > 0)
  fail(`Unknown benchmark: ${unknown.join(', ')}. There are: ${Object.keys(BENCHMARKS).join(', ')}.`);
if (!Number.isSafeInteger(runs) || runs < 1) fail(`--runs takes a whole number of at least 1, not ${values.runs}.`);

const setting: Setting = {
  runs,
  size: (whole, quick) => (values.quick ? quick : whole),
  peers: await installPeers(),
};
const failed: string[] = [];
for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const missing = benchmark.missing?.();
  if (missing) {
    console.log(`\n${name}: skipped, for it needs ${missing}`);
    continue;
  }
  console.log(`\n${name}: ${benchmark.title}`);
  try {
    const findings = await benchmark.run(setting);
    printFindings(findings);
    if (!values.quick) storeResult(name, { findings, runs });
  } catch (error) {
    failed.push(name);
    console.error(`${name} failed:`, error);
  }
}
if (!values.quick) await (await import('./suite/report.ts')).writeReport();
if (failed.length > 0) fail(`Failed: ${failed.join(', ')}.`);
process.exit(0);

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
