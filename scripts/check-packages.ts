/**
 * Proves that the packages work where they are installed and not only here: each is staged as it is published, linted,
 * packed, installed from its tarball into an empty folder, imported, typechecked from outside, and the command is run.
 * Needs the output of `tsc -b`.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { ROOT, stage, workspaces } from './stage.ts';

/** Installing must never wait for a person, nor read another project's settings. */
const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
const TYPESCRIPT = join(ROOT, 'node_modules/typescript/bin/tsc');

const folder = mkdtempSync(join(tmpdir(), 'deltacat-packages-'));
try {
  const packages = await packAll();
  const consumer = install(packages.map(({ tarball }) => tarball));
  checkImports(
    packages.map(({ name }) => name),
    consumer,
  );
  checkCommand(consumer);
  console.log(`${packages.length} packages: published form, install, import, types and command are fine`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function packAll(): Promise<{ name: string; tarball: string }[]> {
  const packages: { name: string; tarball: string }[] = [];
  for (const workspace of workspaces()) {
    const staged = join(folder, 'staged', workspace);
    const name = stage(workspace, staged);
    await lint(name, staged);
    checkSpecifiers(name, staged);
    const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], staged)); // npm's own format
    packages.push({ name, tarball: join(folder, packed.filename) });
  }
  return packages;
}

async function lint(name: string, staged: string): Promise<void> {
  const { messages, pkg } = await publint({ pkgDir: staged, strict: true });
  const lines = messages.map((message) => `${name}: ${formatMessage(message, pkg ?? {}, { color: false })}`);
  if (lines.length > 0) throw new Error(lines.join('\n'));
}

/** A relative import of a `.ts` file, in what is shipped, would be missing for whoever installs it. */
function checkSpecifiers(name: string, staged: string): void {
  for (const path of globSync('dist/**/*.{js,ts}', { cwd: staged })) {
    const found = /(?:from|import)\s*\(?\s*['"]\.{1,2}\/[^'"]+\.tsx?['"]/.exec(
      readFileSync(join(staged, path), 'utf8'),
    );
    if (found) throw new Error(`${name}: ${path} imports TypeScript: ${found[0]}`);
  }
}

function install(tarballs: string[]): string {
  const consumer = join(folder, 'consumer');
  mkdirSync(consumer);
  writeFileSync(join(consumer, 'package.json'), '{"name": "consumer", "private": true, "type": "module"}\n');
  run('npm', [...INSTALL, ...tarballs], consumer);
  return consumer;
}

/** Every name that exists at run time must exist for the compiler too: a declaration that is not found drops silently. */
function checkImports(names: string[], consumer: string): void {
  const lines: string[] = [];
  for (const [index, name] of names.entries()) {
    const script = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(name)}))))`;
    const exported: string[] = JSON.parse(run('node', ['--input-type=module', '--eval', script], consumer)); // printed above
    if (exported.length === 0) throw new Error(`${name} exports nothing`);
    const bound = exported.map((each) => `${each} as ${each}_${index}`).join(', ');
    lines.push(
      `import { ${bound} } from '${name}';`,
      `void [${exported.map((each) => `${each}_${index}`).join(', ')}];`,
    );
  }
  writeFileSync(join(consumer, 'consumer.ts'), lines.join('\n'));
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--strict',
    '--skipLibCheck',
    '--noEmit',
    '--types',
    '',
  ];
  run('node', [TYPESCRIPT, ...options, 'consumer.ts'], consumer);
}

function checkCommand(consumer: string): void {
  const help = run(join(consumer, 'node_modules/.bin/deltacat'), ['--help'], consumer);
  if (!help.includes('deltacat')) throw new Error(`deltacat --help does not name the command:\n${help}`);
}

/** Runs a program with this very Node first on the path; its output is shown only when it fails. */
function run(command: string, args: string[], cwd: string): string {
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, PATH: path } });
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? error.stdout : '';
    throw new Error(`${command} ${args.join(' ')} failed\n${output}`, { cause: error });
  }
}
