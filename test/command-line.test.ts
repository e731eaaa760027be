import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@deltacat/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const COMMAND = join(import.meta.dirname, '../packages/cli/bin/deltacat.js');
const FLAGS = ['--conditions=@deltacat/source', '--disable-warning=ExperimentalWarning'];

let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess();
  await using client = new Client(server.url);
  await client.catalog.createNamespace({ namespace: 'shop' });
  const ids = BigInt64Array.from({ length: 200_000 }, (_, index) => BigInt(index));
  await client.catalog.write({ id: ids }, { namespace: 'shop', table: 'fruit', mode: 'create' });
});

afterAll(() => server.stop());

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  complained: string;
}

function start(args: string[], stdout: 'pipe' | number): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [...FLAGS, COMMAND, ...args], { stdio: ['ignore', stdout, 'pipe'] });
  return { child, ended: collect(child) };
}

async function collect(child: ChildProcess): Promise<Ended> {
  let complained = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complained += chunk.toString();
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, complained };
}

/** Runs a command whose reader goes away after the first bytes, as `head -1` does, or before any. */
async function runUnread(args: string[], after: 'first bytes' | 'nothing'): Promise<Ended> {
  const { child, ended } = start(args, 'pipe');
  if (after === 'nothing') child.stdout?.destroy();
  else child.stdout?.once('data', () => child.stdout?.destroy());
  return ended;
}

const READS = [['--json'], ['--csv'], ['--limit', '100000']].map((form) => ['read', 'shop.fruit', ...form]);

describe('a reader that goes away', () => {
  test.each(READS)('ends %s %s %s quietly', async (...args) => {
    const { code, complained } = await runUnread([...args, '--url', server.url], 'first bytes');
    expect({ code, complained }).toEqual({ code: 0, complained: '' });
  });

  test.each([['--help'], ['read', '--help'], ['--version'], ['tables', '--json']])(
    'ends %s %s quietly',
    async (...args) => {
      const url = args[0] === 'tables' ? ['--url', server.url] : [];
      const { code, complained } = await runUnread([...args.filter(Boolean), ...url], 'nothing');
      expect({ code, complained }).toEqual({ code: 0, complained: '' });
    },
  );
});

describe.skipIf(!existsSync('/dev/full'))('a full disk', () => {
  test.each([...READS.map((args) => [...args]), ['tables'], ['tables', '--json'], ['write', '--help'], ['--help']])(
    'fails %s %s %s, with the reason and no stack',
    async (...args) => {
      const url = args.includes('--help') ? [] : ['--url', server.url];
      const { code, complained } = await start([...args, ...url], openSync('/dev/full', 'w')).ended;
      expect(code).toBe(1);
      expect(complained).toMatch(/^deltacat: Standard output cannot be written: no space left on device.*\n$/);
    },
  );
});

describe('serve', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'deltacat-serve-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function serve(): Promise<{ child: ChildProcess; ended: Promise<Ended>; port: number }> {
    const args = ['serve', '--catalog-root', folder, '--transport', 'http', '--port', '0'];
    const started = start(args, 'pipe');
    const [line] = (await once(started.child.stdout ?? started.child, 'data')) as [Buffer];
    return { ...started, port: Number(/:(\d+) /.exec(line.toString())?.[1]) };
  }

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it in order', async (signal) => {
    const { child, ended } = await serve();
    child.kill(signal);
    // npm hands on the Ctrl-C that the terminal has sent already.
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 0, signal: null });
  });

  test('a second signal ends it at once, whatever is open', async () => {
    const { child, ended, port } = await serve();
    const request = connect(port, '127.0.0.1');
    request.on('error', () => {});
    request.write('POST /v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
    await once(request, 'connect');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const told = once(child.stderr ?? child, 'data');
    child.kill('SIGTERM');
    expect(String((await told)[0])).toContain('again');
    expect(child.exitCode).toBeNull();
    const again = setInterval(() => child.kill('SIGINT'), 100);
    expect((await ended).signal).toBe('SIGINT');
    clearInterval(again);
    request.destroy();
  });
});

describe('npm start', () => {
  async function startWith(environment: Record<string, string>): Promise<Ended> {
    const script = join(import.meta.dirname, '../scripts/start.ts');
    const env = { ...process.env, DELTACAT_START_ONCE: 'true', ...environment };
    const child = spawn(process.execPath, [...FLAGS, script], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    return collect(child);
  }

  test('says who holds its folder', async () => {
    const { code, complained } = await startWith({ DELTACAT_START_FOLDER: server.root, PORT: '0' });
    expect(code).toBe(1);
    expect(complained).toContain(server.root);
    expect(complained).not.toMatch(/^ +at /m);
  });

  test.each(['abc', '-1', '99999', '8080.5'])('says what a port is instead of %s', async (PORT) => {
    const { code, complained } = await startWith({ PORT });
    expect(code).toBe(2);
    expect(complained).toBe(`PORT=${PORT}: A port is a whole number from 0 to 65535.\n`);
  });
});
