import { Writable } from 'node:stream';
import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { Clock } from '../context.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';

let server: TestServer | undefined;
afterEach(() => server?.close());

type Line = Record<string, unknown>;

/** A server that logs at a level, and the lines that it logged. */
async function startLogging(level: string, clock?: Clock): Promise<{ server: TestServer; lines: Line[] }> {
  const lines: Line[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  server = await startTestServer({ log: pino({ level }, stream), ...(clock ? { clock } : {}) });
  return { server, lines };
}

test('at debug every request is logged by its route, its answer and the id that the answer carries', async () => {
  const { server, lines } = await startLogging('debug');
  const done = await server.request('POST', '/v1/namespaces?operation_id=secret', { namespace: 'n' });
  const refused = await server.request('GET', '/v1/namespaces/nope');
  const malformed = await server.request('POST', '/v1/namespaces', { namespace: '' });
  const lost = await server.request('GET', '/nowhere');
  const answers = [done, refused, malformed, lost];
  expect(lines.map(({ method, path, status, code }) => [method, path, status, code])).toEqual([
    ['POST', '/v1/namespaces', 201, undefined],
    ['GET', '/v1/namespaces/nope', 404, 'namespace_not_found'],
    ['POST', '/v1/namespaces', 422, 'invalid_input'],
    ['GET', '/nowhere', 404, 'not_found'],
  ]);
  expect(lines.map(({ request_id }) => request_id)).toEqual(answers.map(({ headers }) => headers.get('x-request-id')));
  for (const { ms, level } of lines) expect([typeof ms, level]).toEqual(['number', 20]);
});

test('at info neither requests nor what they got wrong are logged', async () => {
  const { server, lines } = await startLogging('info');
  await server.request('GET', '/v1/namespaces');
  await server.request('GET', '/v1/namespaces/nope');
  expect(lines).toEqual([]);
});

test('a request that cannot be served now is warned of with its cause', async () => {
  const { server, lines } = await startLogging('info');
  await server.context.db.close();
  const answer = await server.request('POST', '/v1/namespaces', { namespace: 'n' });
  expect(answer.status).toBe(503);
  expect(lines).toMatchObject([
    {
      level: 40,
      status: 503,
      code: 'service_unavailable',
      request_id: answer.headers.get('x-request-id'),
      err: { message: expect.stringContaining('shutting down') },
    },
  ]);
});

test('a defect is logged whole, and its answer says where', async () => {
  let broken = false;
  const nowNs = () => {
    if (broken) throw new Error('the clock is broken');
    return 1n;
  };
  const { server, lines } = await startLogging('error', { nowNs });
  broken = true;
  const answer = await server.request('POST', '/v1/namespaces', { namespace: 'n' });
  expect([answer.status, answer.body.error.code]).toEqual([500, 'internal_server_error']);
  expect(answer.body.error.message).not.toContain('clock');
  expect(lines).toMatchObject([
    {
      level: 50,
      status: 500,
      path: '/v1/namespaces',
      err: { message: 'the clock is broken', stack: expect.any(String) },
    },
  ]);
  expect(answer.body.error.message).toContain(lines[0]?.request_id);
});
