import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The folder of the checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const SOURCE = '--conditions=@deltacat/source';

/** What pages write for the address of their server. */
const ADDRESS = 'http://127.0.0.1:8080';

/** The program that runs a language, with its options; undefined when this machine has none. */
export function interpreter(language: string): string[] | undefined {
  if (language === 'sh') return ['bash', '-euo', 'pipefail'];
  if (language === 'ts') return [process.execPath, SOURCE, '--disable-warning=ExperimentalWarning'];
  const python = process.env.DELTACAT_PYTHON ?? join(homedir(), '.cache/deltacat-conformance/py067/bin/python');
  return existsSync(python) ? [python] : undefined;
}

/** Points a page's text at the server that was started for it. */
export function addressed(text: string, url: string): string {
  return text.replaceAll(ADDRESS, url);
}

/** Runs a file in its folder and resolves to what it printed; rejects with all it said when it fails. */
export async function runFile([program = '', ...options]: string[], file: string): Promise<string> {
  const path = [dirname(process.execPath), join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path, NO_COLOR: '1' };
  try {
    const { stdout } = await promisify(execFile)(program, [...options, file], { cwd: dirname(file), env });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }; // what execFile adds to its errors
    throw new Error(`${file} failed:\n${stdout ?? ''}\n${stderr ?? error}`, { cause: error });
  }
}
