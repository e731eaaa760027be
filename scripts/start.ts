// `npm start`: a catalog with real data in it, in ./.deltacat, that keeps serving. Running it again finds what is there.
import { resolve } from 'node:path';
import { startServer } from '@deltacat/server';
import { tour } from './tour/tour.ts';
import { waysIn } from './tour/ways-in.ts';

const PORT = Number(process.env.PORT ?? 8080);
const FOLDER = resolve(process.env.DELTACAT_START_FOLDER ?? '.deltacat');
const FLIGHTS = resolve(import.meta.dirname, '../node_modules/vega-datasets/data/flights-3m.parquet');

const server = await startServer({ catalog_root: FOLDER, port: PORT }).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'EADDRINUSE') throw error;
  console.log(`Port ${PORT} is taken; taking a free one.`);
  return startServer({ catalog_root: FOLDER, port: 0 });
});
console.log(`DeltaCAT serves at ${server.url}, with its catalog in ${FOLDER}\n`);
await tour(server.url, FLIGHTS);
console.log(waysIn(server.url));
if (process.env.DELTACAT_START_ONCE !== 'true') {
  console.log('Serving. Ctrl-C stops it; `npm start` starts it again with the same data.');
  await new Promise((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  });
}
await server.close();
