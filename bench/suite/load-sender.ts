// Run by load.ts: sends the requests that it is told and says how long their answers took.
import { connect, type Socket } from 'node:net';
import type { Load, LoadResult } from './load.ts';

process.once('message', async (load: Load) => {
  const result = await send(load);
  process.send?.(result, () => process.disconnect());
});

async function send({ url, clients, requests }: Load): Promise<LoadResult> {
  const { hostname, port } = new URL(url);
  const messages = requests.map(({ method, path, body }) => messageOf(`${method} ${path}`, hostname, body));
  const latencies: number[] = [];
  let failed = 0;
  let next = 0;
  const work = async (socket: Socket) => {
    const answers = answersOf(socket);
    for (let message = messages[next++]; message; message = messages[next++]) {
      const started = performance.now();
      socket.write(message);
      const status = await answers.next();
      latencies.push(performance.now() - started);
      if (status < 200 || status > 299) failed += 1;
    }
    socket.destroy();
  };
  const sockets = await Promise.all(Array.from({ length: clients }, () => open(hostname, Number(port))));
  const cpu = process.cpuUsage();
  const started = performance.now();
  await Promise.all(sockets.map(work));
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  return {
    per_second: latencies.length / (ms / 1_000),
    latencies,
    failed,
    sender_cpu: (user + system) / 1_000 / ms,
  };
}

function messageOf(line: string, host: string, body: unknown): Buffer {
  const text = JSON.stringify(body);
  const head = `${line} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
  return Buffer.from(head + text);
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** The statuses of the answers on a connection, one after another. */
function answersOf(socket: Socket): { next(): Promise<number> } {
  let wanted: PromiseWithResolvers<number> | null = null;
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
    const answer = firstAnswer(text);
    if (answer === null) return;
    text = text.slice(answer.length);
    wanted?.resolve(answer.status);
  });
  socket.once('close', () => wanted?.reject(new Error('the server closed the connection')));
  return {
    next() {
      wanted = Promise.withResolvers<number>();
      return wanted.promise;
    },
  };
}

/** The status of a whole answer that a text begins with, and its length; null while some of it is to come. */
function firstAnswer(text: string): { status: number; length: number } | null {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return null;
  const told = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head + 2))?.[1];
  const length = told === undefined ? endOfChunks(text, head + 4) : head + 4 + Number(told);
  return length === null || text.length < length ? null : { status: Number(text.slice(9, 12)), length };
}

/** Where an answer ends that comes in chunks, each of which says its length in front; the last is empty. */
function endOfChunks(text: string, start: number): number | null {
  for (let at = start; ; ) {
    const line = text.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!Number.isSafeInteger(size)) throw new Error('an answer does not say how long it is');
    at = line + 2 + size + 2;
    if (size === 0) return at;
  }
}
