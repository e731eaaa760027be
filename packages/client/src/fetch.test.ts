import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Transport } from './transport.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const REQUEST = { method: 'POST', path: '/v1/echo', body: '{"a":1}', repeatable: false };

/** An answer that tells what arrived; some paths send the client elsewhere. */
async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks = await request.toArray();
  const [, status] = /^\/redirect\/(\d+)/.exec(request.url ?? '') ?? [];
  if (status !== undefined) response.writeHead(Number(status), { location: '/v1/echo' }).end();
  else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
  else response.end(`${request.method} ${request.url} ${Buffer.concat(chunks)}`);
}

describe.skipIf(!hasOpenssl)('a server with a certificate of its own (needs openssl)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltacat-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  let url: string;
  let stop: () => void;

  beforeAll(async () => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', key, '-out', cert, '-days', '2', '-nodes'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...subject, ...files], { stdio: 'ignore' });
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, echo).listen(0, 'localhost');
    await once(server, 'listening');
    const address = server.address();
    url = `https://localhost:${typeof address === 'object' ? address?.port : 0}`;
    stop = () => server.close();
  });
  afterAll(() => {
    stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const send = (verify_ssl: boolean | string, path = '/v1/echo', follow_redirects = true) =>
    new Transport(url, { verify_ssl, follow_redirects }).send({ ...REQUEST, path }).then(({ text }) => text);

  test('is not trusted without being told so', async () => {
    await expect(send(true)).rejects.toMatchObject({ code: 'connection_failed' });
  });

  test('is trusted by its authority file, or without a look', async () => {
    expect(await send(cert)).toBe('POST /v1/echo {"a":1}');
    expect(await send(false)).toBe('POST /v1/echo {"a":1}');
  });

  test('an authority file that is missing is named', async () => {
    await expect(send(join(folder, 'missing.pem'))).rejects.toThrow('missing.pem');
  });

  test('redirects keep the body, or turn to GET, by their status', async () => {
    expect(await send(false, '/redirect/307')).toBe('POST /v1/echo {"a":1}');
    expect(await send(false, '/redirect/303')).toBe('GET /v1/echo ');
    await expect(send(false, '/redirect/307', false)).rejects.toThrow('redirected to /v1/echo');
    await expect(send(false, '/loop')).rejects.toThrow('more than 20 redirects');
  });
});
