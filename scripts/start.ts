// `npm start`: a catalog with real data in it, in ./.deltacat, that keeps serving. Running it again finds what is there.
import { resolve } from 'node:path';
import { type RunningServer, startServer } from '@deltacat/server';
import { tour } from './tour/tour.ts';
import { waysIn } from './tour/ways-in.ts';

const FOLDER = resolve(process.env.DELTACAT_START_FOLDER ?? '.deltacat');
const FLIGHTS = resolve(import.meta.dirname, '../node_modules/vega-datasets/data/flights-3m.parquet');

// The tour tells what happens; the server's own start and stop would only stand between its lines.
process.env.DELTACAT_LOG_LEVEL ??= 'warn';

const port = readPort(process.env.PORT ?? '8080');
const server = await start(port).catch((error: Error) => refuse(error.message, 1));
console.log(`DeltaCAT serves at ${server.url}, with its catalog in ${FOLDER}\n`);
await tour(server.url, FLIGHTS);
console.log(waysIn(server.url));
if (process.env.DELTACAT_START_ONCE !== 'true') {
  const stopped = untilStopped();
  console.log('Serving. Ctrl-C stops it; `npm start` starts it again with the same data.');
  await stopped;
}
await server.close();

function readPort(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= 65_535) return number;
  return refuse(`PORT=${text}: A port is a whole number from 0 to 65535.`, 2);
}

async function start(wanted: number): Promise<RunningServer> {
  try {
    return await startServer({ catalog_root: FOLDER, port: wanted });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    console.log(`Port ${wanted} is taken; taking a free one.`);
    return startServer({ catalog_root: FOLDER, port: 0 });
  }
}

/** Ends the process with the reason; where it came from in the code is of no use to whoever starts a server. */
function refuse(reason: string, code: number): never {
  console.error(reason);
  process.exit(code);
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const signals = ['SIGINT', 'SIGTERM'] as const;
    const stop = () => {
      // npm hands on the Ctrl-C that the terminal has sent already; a later one ends the process at once.
      setTimeout(() => signals.map((signal) => process.off(signal, stop)), 500).unref();
      resolve();
    };
    for (const signal of signals) process.on(signal, stop);
  });
}
