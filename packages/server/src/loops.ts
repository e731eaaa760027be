import type { ServerContext } from './context.ts';
import { forgetJobs } from './jobs/forget.ts';
import { type Runner, runJobs } from './jobs/run.ts';
import { COMPACTION } from './maintenance/compaction/compaction-job.ts';
import { runCompaction } from './maintenance/compaction/run-compaction.ts';
import { triggerCompactions } from './maintenance/compaction/trigger-compactions.ts';
import { cleanTransactions } from './transactions/clean.ts';
import { expireTransactions } from './transactions/expire.ts';
import { expireWriteSessions } from './writes/expire.ts';

/** Work that the server does on its own, again and again. */
export interface Loop {
  name: string;
  every_ms: number;
  /** Begins no further work once it is stopped. */
  run(context: ServerContext, stopped: AbortSignal): Promise<unknown>;
}

/** What does the jobs of each type. */
const RUNNERS: Record<string, Runner> = { [COMPACTION]: runCompaction };

/** How many jobs a server does at a time, and how long one waits at most before it is begun. */
const JOBS_AT_A_TIME = 2;
const JOBS_EVERY_MS = 500;

const doingJobs = (number: number): Loop => ({
  name: `run-jobs-${number}`,
  every_ms: JOBS_EVERY_MS,
  run: (context, stopped) => runJobs(context, RUNNERS, stopped),
});

/** Every loop of the server. A loop that fails is logged and runs again; it never takes the server down. */
const LOOPS: readonly Loop[] = [
  { name: 'expire-write-sessions', every_ms: 60_000, run: expireWriteSessions },
  { name: 'expire-transactions', every_ms: 30_000, run: expireTransactions },
  { name: 'clean-transactions', every_ms: 30_000, run: cleanTransactions },
  { name: 'trigger-compactions', every_ms: 2_000, run: triggerCompactions },
  { name: 'forget-jobs', every_ms: 3_600_000, run: forgetJobs },
  ...Array.from({ length: JOBS_AT_A_TIME }, (_, number) => doingJobs(number + 1)),
];

/** Starts the loops; the function returned stops them and waits for a run under way. */
export function startLoops(context: ServerContext, loops: readonly Loop[] = LOOPS): () => Promise<void> {
  const stopping = new AbortController();
  const running = loops.map((loop) => repeat(loop, context, stopping.signal));
  return async () => {
    stopping.abort();
    await Promise.all(running);
  };
}

async function repeat(loop: Loop, context: ServerContext, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    await pause(loop.every_ms, stopped);
    if (stopped.aborted) return;
    await loop
      .run(context, stopped)
      .catch((error) => context.log.error({ err: error, loop: loop.name }, 'a loop failed'));
  }
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    timer.unref();
    stopped.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
