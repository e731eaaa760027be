import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes a folder that is missing. Throws what the operating system says when the server cannot write to it. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    // On a disk that may only be read Node says that the folder to make is not there; making it alone tells why.
    if (codeOf(error) === 'ENOENT') mkdirSync(folder);
    throw error;
  }
  accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
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
