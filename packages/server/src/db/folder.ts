import { accessSync, constants, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Makes a folder that is missing. Throws what the operating system says when the server cannot write to it. */
export function makeFolder(folder: string): void {
  if (!isFolder(folder)) makeMissing(folder);
  accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Node's own way to make folders with all above them never ends where the operating system denies that they are missing. */
function makeMissing(folder: string): void {
  const parent = dirname(folder);
  if (parent !== folder && !existsSync(parent)) makeMissing(parent);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (codeOf(error) !== 'EEXIST' || !isFolder(folder)) throw error;
  }
}

/** What the operating system or the database said of a folder, with the folder and what to do; other errors as they are. */
export function explainFolder(error: unknown, folder: string): unknown {
  if (!(error instanceof Error) || codeOf(error) === '') return error;
  const reason = 'errcode' in error ? (probe(folder) ?? error) : error;
  const advice = ADVICE.find(([pattern]) => pattern.test(reason.message))?.[1] ?? 'Mend it';
  return new Error(`The folder ${folder} cannot be used: ${wordsOf(reason)}. ${advice}, or choose another one.`, {
    cause: error,
  });
}

const ADVICE: readonly [RegExp, string][] = [
  [/ENOSPC|EDQUOT|is full/, 'Free space there'],
  [/EROFS|EACCES|EPERM|readonly/, 'Let the server write there'],
  [/EEXIST|ENOTDIR/, 'Remove the file that is in its place'],
];

/** "no space left on device" of "ENOSPC: no space left on device, write". */
function wordsOf({ message }: Error): string {
  return /^E[A-Z0-9]+: (.+?)(?:, [a-z]+(?: '.*')?)?$/s.exec(message)?.[1] ?? message;
}

/** What the operating system says to a file in the folder: databases often only say that they could not open theirs. */
function probe(folder: string): Error | null {
  const file = join(folder, `.probe-${process.pid}`);
  try {
    writeFileSync(file, Buffer.alloc(4096));
    return null;
  } catch (error) {
    return error instanceof Error ? error : null;
  } finally {
    rmSync(file, { force: true });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
