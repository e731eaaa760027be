import { spawnSync } from 'node:child_process';
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fail, runCommand } from './command.ts';
import { freePort } from './free-port.ts';

/**
 * Runs a command with a PostgreSQL of its own, whose address is in DELTACAT_TEST_DATABASE_URL: made in a fresh folder
 * before, stopped and removed after, however the command ends.
 *
 *     node scripts/postgres.ts npx vitest run packages/server
 *     node scripts/postgres.ts --durable npm run bench
 */
const [, , ...given] = process.argv;
const isDurable = given[0] === '--durable';
const command = isDurable ? given.slice(1) : given;

/** Tests end our servers, never the database: it need not wait for the disk, but where `--durable` says so. */
const HASTY = '-c fsync=off -c full_page_writes=off -c synchronous_commit=off';
if (command.length === 0) fail('Say which command to run: node scripts/postgres.ts npx vitest run packages/server');

const programs = findPrograms();
const folder = mkdtempSync(join(tmpdir(), 'deltacat-postgres-'));
const data = join(folder, 'data');
const isRoot = process.getuid?.() === 0;
const user = 'deltacat';
let isStarted = false;

try {
  const port = await freePort();
  start(port);
  process.exitCode = await runCommand(command, {
    DELTACAT_TEST_DATABASE_URL: `postgres://${user}@127.0.0.1:${port}/postgres`,
  });
} finally {
  if (isStarted) ask('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop');
  rmSync(folder, { recursive: true, force: true });
}

/** The folder of initdb and pg_ctl: on the path, or where Debian keeps them, the newest version first. */
function findPrograms(): string {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((path) => join(path, 'initdb'));
  const versions = globSync('/usr/lib/postgresql/*/bin/initdb').sort((a, b) => versionOf(b) - versionOf(a));
  const found = [...onPath, ...versions].find((path) => globSync(path).length > 0);
  return found ? dirname(found) : fail('There is no PostgreSQL here. Install it, as with: apt-get install postgresql');
}

function versionOf(path: string): number {
  return Number(/postgresql\/(\d+)/.exec(path)?.[1]);
}

function start(port: number): void {
  // PostgreSQL refuses to run as root, so another user owns its folder then.
  if (isRoot) chownSync(folder, Number(idOf('-u')), Number(idOf('-g')));
  ask('initdb', '-D', data, '-U', user, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync');
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c max_connections=300 ${isDurable ? '' : HASTY}`;
  isStarted = true;
  ask('pg_ctl', '-D', data, '-o', options, '-l', join(folder, 'log'), '-w', 'start');
}

function idOf(which: '-u' | '-g'): string {
  return spawnSync('id', [which, 'postgres'], { encoding: 'utf8' }).stdout.trim();
}

/** Runs a program of PostgreSQL to its end. */
function ask(program: string, ...args: string[]): void {
  const path = join(programs, program);
  const [first = '', ...rest] = isRoot ? ['runuser', '-u', 'postgres', '--', path, ...args] : [path, ...args];
  const { status, stderr, error } = spawnSync(first, rest, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
}
