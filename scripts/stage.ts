import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The condition under which the workspaces import each other's TypeScript; nobody outside has those files. */
const SOURCE_CONDITION = '@deltacat/source';

/** The folder of the checkout. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  name: string;
  files: string[];
  exports: Record<string, Record<string, string>>;
  bin?: Record<string, string>;
}

/** The folders of the workspaces, dependencies first, as the root package.json lists them. */
export function workspaces(): string[] {
  const { workspaces } = readJson<{ workspaces: string[] }>(join(ROOT, 'package.json'));
  return workspaces;
}

/**
 * Copies a built workspace to `folder` as it is published: without the source condition, with `.js` in its
 * declarations too (the compiler rewrites `.ts` imports in JavaScript only), and without output whose source is gone.
 * Returns the package's name.
 */
export function stage(workspace: string, folder: string): string {
  const from = join(ROOT, workspace);
  const manifest = readJson<Manifest>(join(from, 'package.json'));
  mkdirSync(folder, { recursive: true });
  for (const file of manifest.files) {
    cpSync(join(from, file), join(folder, file), { recursive: true, filter: (path) => isCurrent(path, from) });
  }
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  if (existsSync(join(from, 'README.md'))) cpSync(join(from, 'README.md'), join(folder, 'README.md'));
  for (const conditions of Object.values(manifest.exports)) delete conditions[SOURCE_CONDITION];
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const path of globSync('**/*.d.ts', { cwd: folder })) rewrite(join(folder, path), importJavaScript);
  for (const path of Object.values(manifest.bin ?? {})) {
    rewrite(join(folder, path), (text) => text.replace(` --conditions=${SOURCE_CONDITION}`, ''));
    chmodSync(join(folder, path), 0o755);
  }
  return manifest.name;
}

function isCurrent(path: string, workspace: string): boolean {
  if (path.endsWith('.tsbuildinfo')) return false;
  const [, output] = /[\\/]dist[\\/](.+?)(?:\.d\.ts|\.js)$/.exec(path.slice(workspace.length)) ?? [];
  return output === undefined || ['.ts', '.tsx'].some((kind) => existsSync(join(workspace, 'src', `${output}${kind}`)));
}

function importJavaScript(text: string): string {
  return text.replace(/((?:from|import)\s*\(?\s*)(['"])(\.{1,2}\/[^'"]+?)\.tsx?\2/g, '$1$2$3.js$2');
}

function rewrite(path: string, change: (text: string) => string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')); // our own package.json files
}
