import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fail, runCommand } from './command.ts';
import { freePort } from './free-port.ts';

/**
 * Runs a command with an S3 of its own, empty but for one bucket: versitygw, which keeps objects in a fresh folder that
 * is removed after. Where there is Python, an STS runs beside it (moto), and the httpfs extension of DuckDB is at hand.
 *
 *     node scripts/s3.ts npx vitest run packages/io-core/src/storage
 *
 * The environment says where: DELTACAT_TEST_S3_URL, DELTACAT_TEST_S3_BUCKET, DELTACAT_TEST_STS_URL,
 * DELTACAT_TEST_DUCKDB_EXTENSIONS; and who: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION.
 */
const command = process.argv.slice(2);
const GATEWAY = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
/** What is installed for Python, and the folder that tells which. */
const PYTHON_PACKAGES = ['moto[server]==5.2.5', 'duckdb-extension-httpfs==1.5.5'];
const START_MS_MAX = 60_000;
const REGION = 'us-east-1';
const BUCKET = 'deltacat-test';
const KEYS = { AWS_ACCESS_KEY_ID: 'deltacat-test-root', AWS_SECRET_ACCESS_KEY: 'deltacat-test-secret' };

if (command.length === 0) fail('Say which command to run: node scripts/s3.ts npx vitest run packages/io-core');

const folder = mkdtempSync(join(tmpdir(), 'deltacat-s3-'));
const started: ChildProcess[] = [];

try {
  const program = findGateway();
  const python = findPython();
  const s3 = await startGateway(program);
  const sts = python === null ? {} : { DELTACAT_TEST_STS_URL: await startSts(python), ...extensionsOf(python) };
  process.exitCode = await runCommand(command, {
    DELTACAT_TEST_S3_URL: s3,
    DELTACAT_TEST_S3_BUCKET: BUCKET,
    AWS_REGION: REGION,
    ...KEYS,
    // Those of whoever runs this would win, or not fit.
    AWS_PROFILE: undefined,
    AWS_SESSION_TOKEN: undefined,
    ...sts,
  });
} finally {
  await Promise.all(started.map(stop));
  rmSync(folder, { recursive: true, force: true });
}

/** The gateway where Go puts what it installs; it is built there when it is missing, which takes minutes. */
function findGateway(): string {
  const { stdout, status } = spawnSync('go', ['env', 'GOPATH'], { encoding: 'utf8' });
  if (status !== 0)
    fail('There is no Go here, which builds the S3 server of the tests. Install it, from version 1.25 on.');
  const path = join(stdout.trim(), 'bin', 'versitygw');
  if (existsSync(path)) return path;
  console.error(`Building ${GATEWAY}; this is done once.`);
  const built = spawnSync('go', ['install', GATEWAY], { stdio: 'inherit' });
  return built.status === 0 ? path : fail('The S3 server could not be built.');
}

async function startGateway(program: string): Promise<string> {
  const objects = join(folder, 'objects');
  // Attributes beside the objects: not every file system of a temporary folder keeps them with the files.
  const attributes = join(folder, 'attributes');
  for (const made of [join(objects, BUCKET), attributes]) mkdirSync(made, { recursive: true });
  const port = await freePort();
  const keys = ['--access', KEYS.AWS_ACCESS_KEY_ID, '--secret', KEYS.AWS_SECRET_ACCESS_KEY];
  const options = ['--port', `127.0.0.1:${port}`, '--region', REGION, ...keys, '--quiet'];
  return start(program, { args: [...options, 'posix', '--sidecar', attributes, objects], port });
}

/**
 * A Python of its own with what the tests use; null, saying so, where that cannot be had. It is made once per user and
 * set of versions, and a file tells that it is whole.
 */
function findPython(): string | null {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const versions = PYTHON_PACKAGES.map((name) => name.replace(/\W+/g, '-')).join('_');
  const made = join(cache, 'deltacat-tests', versions);
  const python = join(made, 'bin', 'python');
  const whole = join(made, 'whole');
  if (existsSync(whole)) return python;
  mkdirSync(dirname(made), { recursive: true });
  console.error(`Installing ${PYTHON_PACKAGES.join(' and ')}; this is done once.`);
  const steps = [
    ['python3', '-m', 'venv', made],
    [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PYTHON_PACKAGES],
  ];
  for (const [first = '', ...rest] of steps) {
    const { status, error, stderr } = spawnSync(first, rest, { encoding: 'utf8' });
    if (status === 0) continue;
    console.error(`Tests that need STS or httpfs are skipped: ${error?.message ?? stderr}`);
    return null;
  }
  writeFileSync(whole, '');
  return python;
}

async function startSts(python: string): Promise<string> {
  const port = await freePort();
  return start(join(dirname(python), 'moto_server'), { args: ['-H', '127.0.0.1', '-p', String(port)], port });
}

/** The folder of DuckDB's extensions for Node, whose version must be that of the DuckDB in use. */
function extensionsOf(python: string): Record<string, string> {
  const [found] = globSync(
    join(dirname(python), '../lib/python3*/site-packages/duckdb_extension_httpfs/**/*.duckdb_extension'),
  );
  return found === undefined ? {} : { DELTACAT_TEST_DUCKDB_EXTENSIONS: dirname(found) };
}

/** Starts a server in a group of its own, so that the signal of a terminal does not reach it, and waits until it answers. */
async function start(program: string, { args, port }: { args: string[]; port: number }): Promise<string> {
  const log = join(folder, `${port}.log`);
  const output = openSync(log, 'w');
  const child = spawn(program, args, { stdio: ['ignore', output, output], detached: true });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => {});
  started.push(child);
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + START_MS_MAX; Date.now() < end && child.exitCode === null; ) {
    const answer = await Promise.race([fetch(url).catch(() => null), failed]);
    if (answer !== null) return url;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${program} did not start: ${readFileSync(log, 'utf8')}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
