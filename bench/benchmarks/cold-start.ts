import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/free-port.ts';
import { type Benchmark, type Finding, measureInTurns, OURS } from '../suite/benchmark.ts';
import { runCommand } from '../suite/command.ts';
import { type Scratch, scratch } from '../suite/scratch.ts';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/deltacat.js', import.meta.url));
const START_TIMEOUT_MS = 30_000;

/** From nothing to the first answer. */
export const coldStart: Benchmark = {
  title: 'Cold start',
  about:
    'From starting `deltacat serve` over an empty folder to the first answer of `/health`, and the resident memory of the process then: as it is ' +
    'published (compiled), and from its sources.',
  async run(setting) {
    using folder = scratch();
    const built = await runCommand('npx', ['tsc', '-b']);
    if (built.status !== 0) throw new Error(`the packages cannot be built: ${built.stderr}`);
    const contenders = {
      [OURS]: () => startOnce(folder, []),
      [`${OURS}, from sources`]: () => startOnce(folder, ['--conditions=@deltacat/source']),
    };
    const { ms, memory_mb } = await measureInTurns(contenders, { runs: setting.runs, kinds: ['ms', 'memory_mb'] });
    const findings: Finding[] = [
      { case: 'Time to the first answer', unit: 'ms', better: 'less', goals: [{ value: 500 }], samples: ms },
      { case: 'Memory then', unit: 'MiB', better: 'less', goals: [{ value: 150 }], samples: memory_mb },
    ];
    return findings;
  },
};

async function startOnce(folder: Scratch, flags: string[]): Promise<{ ms: number; memory_mb: number }> {
  const root = folder.next('root');
  mkdirSync(root);
  const port = await freePort();
  const environment = { ...process.env, DELTACAT_DATABASE_URL: '', DELTACAT_LOG_LEVEL: 'error' };
  const started = performance.now();
  const words = ['--disable-warning=ExperimentalWarning', ...flags, COMMAND, 'serve', '--catalog-root', root];
  const child = spawn(process.execPath, [...words, '--transport', 'http', '--port', String(port)], {
    stdio: 'ignore',
    env: environment,
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await untilHealthy(`http://127.0.0.1:${port}/health`, started + START_TIMEOUT_MS);
    return { ms: performance.now() - started, memory_mb: residentMb(child.pid) };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function untilHealthy(address: string, deadline: number): Promise<void> {
  while (performance.now() < deadline) {
    const answer = await fetch(address).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error('the server did not start');
}

function residentMb(pid: number | undefined): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024;
}
