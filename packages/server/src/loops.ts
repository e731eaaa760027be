import type { ServerContext } from './context.ts';
import { cleanTransactions } from './transactions/clean.ts';
import { expireTransactions } from './transactions/expire.ts';
import { expireWriteSessions } from './writes/expire.ts';

/** Work that the server does on its own, again and again. */
export interface Loop {
  name: string;
  every_ms: number;
  run(context: ServerContext): Promise<void>;
}

/** Every loop of the server. A loop that fails is logged and runs again; it never takes the server down. */
const LOOPS: readonly Loop[] = [
  {
    name: 'expire-write-sessions',
    every_ms: 60_000,
    async run(context) {
      await expireWriteSessions(context);
    },
  },
  {
    name: 'expire-transactions',
    every_ms: 30_000,
    async run(context) {
      await expireTransactions(context);
    },
  },
  {
    name: 'clean-transactions',
    every_ms: 30_000,
    async run(context) {
      await cleanTransactions(context);
    },
  },
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
    await loop.run(context).catch((error) => context.log.error({ err: error, loop: loop.name }, 'a loop failed'));
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
