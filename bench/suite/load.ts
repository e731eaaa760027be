import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A request as it is sent again and again. */
export interface LoadRequest {
  method: string;
  path: string;
  body: unknown;
}

/** Requests to be sent, each once, by so many clients at a time, each of which waits for its answer before it sends the next. */
export interface Load {
  url: string;
  clients: number;
  requests: LoadRequest[];
}

/** What came of a load. */
export interface LoadResult {
  per_second: number;
  /** The answer time of each request in the order of the answers, in ms. */
  latencies: number[];
  /** Requests that were answered with anything but a success. */
  failed: number;
  /** The share of one core that sending took: near 1, the sender was what was measured. */
  sender_cpu: number;
}

const SENDER = fileURLToPath(new URL('./load-sender.ts', import.meta.url));

/** Sends a load from a process of its own, which writes ready-made bytes to sockets, so that it takes little from the server. */
export function sendLoad(load: Load): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(SENDER, { serialization: 'advanced' });
    child.once('message', (result) => resolve(result as LoadResult)); // what load-sender.ts sends
    child.once('exit', (code) => reject(new Error(`the sender of the load ended with ${code}`)));
    child.send(load);
  });
}
