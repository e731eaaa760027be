import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databaseFor, TEST_DATABASE_URL } from '../testing/database.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';

/** Stands between a server and its database: what goes through it can be cut off, and let through again. */
class Passage {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  constructor(target: URL) {
    this.#server = createServer((socket) => {
      const far = connect(Number(target.port || 5432), target.hostname);
      for (const end of [socket, far]) {
        this.#sockets.add(end);
        end.on('error', () => {});
        end.on('close', () => this.#sockets.delete(end));
      }
      socket.pipe(far).pipe(socket);
    });
  }

  /** Lets nothing through and tells nobody, as a network does that has gone; `close` ends that. */
  stall(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address ? address.port : 0;
    return this.#port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

const PASSWORD = 'not-to-be-told';

describe.skipIf(TEST_DATABASE_URL === null)(
  'a database that is away (skipped where DELTACAT_TEST_DATABASE_URL names none)',
  () => {
    let root: string;
    let server: TestServer;
    let passage: Passage;
    let logged: string;

    beforeEach(async () => {
      root = mkdtempSync(join(tmpdir(), 'deltacat-away-'));
      const url = new URL((await databaseFor(root)) ?? '');
      passage = new Passage(new URL(url));
      url.port = String(await passage.open());
      url.hostname = '127.0.0.1';
      // The server of the tests lets everybody in, with whatever password.
      url.password ||= PASSWORD;
      // Nobody wants to wait for as long as a server does.
      url.searchParams.set('query_timeout', '1000');
      logged = '';
      const stream = new Writable({
        write(chunk: Buffer, _encoding, done) {
          logged += chunk.toString();
          done();
        },
      });
      const config = { database: { url: url.href, connections_max: 3 } };
      server = await startTestServer({ root, config, log: pino({ level: 'debug' }, stream) });
    });
    afterEach(async () => {
      await server.close();
      await passage.close().catch(() => {});
      rmSync(root, { recursive: true, force: true });
    });

    const create = (namespace: string) => server.request('POST', '/v1/namespaces', { namespace });

    test('is answered 503 with the cause, to readers and writers, and served again when it is back', async () => {
      expect((await create('before')).status).toBe(201);
      await passage.close();
      const paths = ['/v1/namespaces', '/v1/namespaces/before', '/health'];
      const answers = [
        await create('meanwhile'),
        ...(await Promise.all(paths.map((path) => server.request('GET', path)))),
      ];
      for (const { status, body, headers } of answers) {
        expect([status, body.error.code, body.error.retryable]).toEqual([503, 'service_unavailable', true]);
        expect(body.error.message).toMatch(/ECONNREFUSED|connection/);
        expect(body.error.message).not.toContain('not known');
        expect(headers.get('retry-after')).not.toBeNull();
      }
      await passage.open();
      expect((await create('meanwhile')).status).toBe(201);
      const { body } = await server.request('GET', '/v1/namespaces');
      expect(body.map(({ name }: { name: string }) => name)).toEqual(['before', 'meanwhile']);
      expect((await server.request('GET', '/health')).status).toBe(200);
    });

    test('takes requests under way with it, of which each is done whole or not at all', async () => {
      for (let round = 0; round < 5; round += 1) {
        const names = Array.from({ length: 20 }, (_, index) => `n${round}_${index}`);
        const asked = Promise.all(names.map(create));
        await new Promise((resolve) => setTimeout(resolve, round * 3));
        await passage.close();
        const answers = await asked;
        expect(answers.filter(({ status }) => status !== 201 && status !== 503)).toEqual([]);
        await passage.open();
        const { body } = await server.request('GET', '/v1/namespaces?limit=1000');
        const kept = body.map(({ name }: { name: string }) => name);
        for (const [index, name] of names.entries()) {
          const answer = answers[index];
          if (answer?.status === 201) expect(kept).toContain(name);
          if (answer?.body.error?.message.startsWith('Nothing was changed')) expect(kept).not.toContain(name);
        }
      }
    });

    test('and does not say so is given up after a while', async () => {
      expect((await create('before')).status).toBe(201);
      passage.stall();
      const answers = [await create('meanwhile')];
      // Each question finds at most one of the connections that are stalled; new ones are not.
      for (let round = 0; round < 4; round += 1) answers.push(await server.request('GET', '/v1/namespaces'));
      expect(answers.filter(({ status }) => status >= 500 && status !== 503)).toEqual([]);
      expect(answers.at(-1)?.status).toBe(200);
    });

    test('is never told by its password, in answers and in the log', async () => {
      await passage.close();
      const answers = [await create('x'), await server.request('GET', '/health')];
      expect(logged).toContain('503');
      const told = JSON.stringify([answers.map(({ body }) => body), logged, server.context.db.name]);
      expect(told).not.toContain(PASSWORD);
    });
  },
);
