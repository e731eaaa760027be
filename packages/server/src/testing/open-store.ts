import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpEndpoint } from './http-endpoint.ts';

/** A request as the store saw it. */
interface Asked {
  method: string;
  url: string;
  authorization: string;
}

/** An S3 that takes whoever asks, as far as whole objects go, and keeps what it was asked for. */
export class OpenStore extends HttpEndpoint {
  asked: Asked[] = [];
  /** Runs before a request is answered. */
  before: (asked: Asked) => Promise<void> | void = () => {};
  /** The keys that it refuses. */
  readonly refused: Set<string> = new Set();
  readonly #objects = new Map<string, Buffer>();

  protected async answer(request: IncomingMessage, sent: Buffer, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const asked = { method, url: url.replace(/\?.*/, ''), authorization: headers.authorization ?? '' };
    this.asked.push(asked);
    await this.before(asked);
    if ([...this.refused].some((key) => asked.authorization.includes(`Credential=${key}/`))) {
      return void response.writeHead(403).end('<Error><Code>InvalidAccessKeyId</Code></Error>');
    }
    if (method === 'PUT') this.#objects.set(asked.url, sent);
    if (method === 'DELETE') return void response.writeHead(204).end();
    const found = this.#objects.get(asked.url);
    if (!found) return void response.writeHead(404).end();
    const [first, last] = rangeOf(headers.range, found.length);
    const body = found.subarray(first, last + 1);
    const range = headers.range ? { 'content-range': `bytes ${first}-${last}/${found.length}` } : {};
    const head = { etag: '"1"', 'content-length': method === 'PUT' ? 0 : body.length, ...range };
    response.writeHead(headers.range ? 206 : 200, head).end(method === 'GET' ? body : undefined);
  }
}

/** The first and the last byte that a header asks for. */
function rangeOf(header: string | undefined, length: number): [number, number] {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? 'bytes=0-') ?? [];
  if (from === '') return [Math.max(0, length - Number(to)), length - 1];
  return [Number(from), to === '' ? length - 1 : Math.min(Number(to), length - 1)];
}
