import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { ConnectionError, RequestError } from './errors.ts';
import type { Fetch } from './fetch.ts';
import { ATTEMPTS_MAX } from './retry.ts';
import { type Request, Transport, type TransportOptions } from './transport.ts';
import { VERSION } from './version.ts';

type Reply = Response | Error;
const READ: Request = { method: 'GET', path: '/v1/catalogs', repeatable: true };
const CHANGE: Request = { method: 'POST', path: '/v1/namespaces', body: '{}', repeatable: false };

/** A network that answers in turn, the last reply again and again; it remembers what was sent and how long was waited. */
function network(...replies: (() => Reply)[]) {
  const sent: { url: string; init: RequestInit }[] = [];
  const pauses: number[] = [];
  const fetch: Fetch = async (url, init) => {
    sent.push({ url, init });
    const reply = (replies[sent.length - 1] ?? replies.at(-1))?.();
    if (reply instanceof Response) return reply;
    throw reply;
  };
  const pause = async (ms: number) => {
    pauses.push(ms);
  };
  const send = (request: Request, options: TransportOptions = {}) =>
    new Transport('http://localhost:1//', { fetch, pause, ...options }).send(request).then(({ text }) => text);
  return { sent, pauses, send };
}

const ok = () => new Response('fine');
const dropped = () => new TypeError('fetch failed', { cause: new Error('socket hang up') });
const away = (headers: Record<string, string> = {}) => new Response('busy', { status: 503, headers });

async function refusal(promise: Promise<unknown>): Promise<RequestError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof RequestError) return error;
  throw error ?? new Error('it was not refused');
}

describe('what is sent', () => {
  test('every request says who sends it and with which client', async () => {
    const { send, sent } = network(ok);
    await send(READ, { user_id: 'ana', bearer_token: 'secret' });
    const headers = new Headers(sent[0]?.init.headers);
    expect(sent[0]?.url).toBe('http://localhost:1/v1/catalogs');
    expect(headers.get('authorization')).toBe('Bearer secret');
    expect(headers.get('x-deltacat-user')).toBe('ana');
    expect(headers.get('x-deltacat-client-version')).toBe(`ts-${VERSION}`);
  });

  test("the caller's own headers win", async () => {
    const { send, sent } = network(ok);
    await send(CHANGE, { bearer_token: 'a', headers: { Authorization: 'Basic b', 'x-trace-id': 'run-1' } });
    const headers = new Headers(sent[0]?.init.headers);
    expect(headers.get('authorization')).toBe('Basic b');
    expect(headers.get('x-trace-id')).toBe('run-1');
    expect(headers.get('content-type')).toBe('application/json');
  });
});

test.each(['localhost:8080', 'example.com', 's3://bucket', ''])('"%s" is not taken for an address', (url) => {
  expect(() => new Transport(url)).toThrow('write it as http://host:port');
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a timeout of %d s is refused', (timeout) => {
  expect(() => new Transport('http://localhost', { timeout })).toThrow('at most 86400 s');
});

describe('sending again', () => {
  test.each([
    ['a dropped connection', dropped],
    ['503', () => away()],
    ['502', () => new Response('', { status: 502 })],
    ['504', () => new Response('', { status: 504 })],
  ])('%s is survived, waiting longer each time', async (_what, failing) => {
    const { send, sent, pauses } = network(failing, failing, failing, ok);
    expect(await send(READ)).toBe('fine');
    expect(sent).toHaveLength(4);
    expect(pauses).toEqual([500, 1_000, 2_000]);
  });

  test('the number of attempts is bounded', async () => {
    const { send, sent } = network(() => away());
    expect(await refusal(send(READ))).toMatchObject({ code: 'service_unavailable', status: 503, retryable: true });
    expect(sent).toHaveLength(ATTEMPTS_MAX);
  });

  test('Retry-After is obeyed, and not waited for when it takes too long', async () => {
    const short = network(() => away({ 'retry-after': '3' }), ok);
    await short.send(READ);
    expect(short.pauses).toEqual([3_000]);
    const long = network(() => away({ 'retry-after': '3600' }), ok);
    await refusal(long.send(READ));
    expect(long.sent).toHaveLength(1);
  });

  test('what could be done twice is sent once', async () => {
    for (const failing of [dropped, () => away()]) {
      const { send, sent } = network(failing, ok);
      expect(await refusal(send(CHANGE))).toBeInstanceOf(RequestError);
      expect(sent).toHaveLength(1);
    }
  });

  test.each([400, 404, 409, 429, 500])('%i is an answer, not a failure of the network', async (status) => {
    const { send, sent } = network(() => new Response('', { status }), ok);
    expect((await refusal(send(READ))).status).toBe(status);
    expect(sent).toHaveLength(1);
  });
});

describe('no answer', () => {
  test('tells what went wrong, and whether it is safe to repeat', async () => {
    const error = await refusal(network(dropped).send(CHANGE));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: 'connection_failed', status: 0, retryable: false });
    expect(error.details.unreachable).toBe(true);
    expect(error.message).toMatch(/POST \/v1\/namespaces .*localhost:1: socket hang up.*may have done it/);
    expect((await refusal(network(dropped).send(READ))).retryable).toBe(true);
  });

  test('a server that never answers is given up after the timeout', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    try {
      const transport = new Transport(`http://127.0.0.1:${port}`, { timeout: 0.05 });
      const error = await refusal(transport.send(CHANGE));
      expect(error.code).toBe('timeout');
      expect(error.message).toContain('within 0.05 s');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('a call that the caller gives up rejects with the reason of the caller', async () => {
    const controller = new AbortController();
    controller.abort(new Error('changed my mind'));
    const { send, sent } = network(dropped);
    await expect(send({ ...READ, signal: controller.signal })).rejects.toThrow('changed my mind');
    expect(sent).toHaveLength(1);
  });
});

describe('answers of others', () => {
  test("a proxy's page becomes an error by its status, with the beginning of its text", async () => {
    const error = await refusal(network(() => new Response('<h1>Bad  gateway</h1>', { status: 502 })).send(CHANGE));
    expect(error).toMatchObject({ code: 'http_502', retryable: true });
    expect(error.message).toBe('POST /v1/namespaces was answered with status 502: <h1>Bad gateway</h1>');
  });

  test('a code that this client does not know survives', async () => {
    const body = {
      error: {
        code: 'warehouse_on_fire',
        message: 'Run.',
        retryable: true,
        details: { exit: 'left' },
        request_id: 'r1',
      },
    };
    const error = await refusal(network(() => Response.json(body, { status: 418 })).send(READ));
    expect(error).toMatchObject({ code: 'warehouse_on_fire', message: 'Run.', status: 418, retryable: true });
    expect(error).toMatchObject({ details: { exit: 'left' }, request_id: 'r1' });
  });

  test('a redirect is an error when redirects are not followed', async () => {
    const moved = () => new Response(null, { status: 307, headers: { location: 'https://new.example' } });
    const { send, sent } = network(moved);
    const error = await refusal(send(READ, { follow_redirects: false }));
    expect(sent[0]?.init.redirect).toBe('manual');
    expect(error.message).toContain('redirected to https://new.example');
  });
});
