import { DeltacatError } from '@deltacat/contract';
import { isStoreFailure } from '../db/failure.ts';

/** How deep the causes of an error are looked into. */
const CAUSES_MAX = 5;

/**
 * What the machine refused to do as a refusal that may be repeated, told with its cause: a full disk, a folder that may
 * only be read, too many open files. Null for everything else, which is a defect.
 */
export function refusalByMachine(error: unknown): DeltacatError | null {
  let cause = error;
  for (let depth = 0; depth < CAUSES_MAX && cause instanceof Error; depth += 1) {
    const told = toldByMachine(cause);
    if (told) {
      const message = `The machine of the server refused: ${told}. ${remedy(told)}`;
      return new DeltacatError('service_unavailable', message, { cause: error });
    }
    cause = cause.cause;
  }
  return null;
}

/** What the operating system said, through Node, the database or DuckDB; null when it said nothing. */
function toldByMachine(error: Error): string | null {
  if ('syscall' in error && 'code' in error) return withPath(error);
  if (isStoreFailure(error)) return `the store says "${firstLine(error.message)}"`;
  return error.message.startsWith('IO Error: ') ? firstLine(error.message.slice('IO Error: '.length)) : null;
}

function withPath(error: Error & { path?: unknown }): string {
  const told = firstLine(error.message);
  return typeof error.path === 'string' && !told.includes(error.path) ? `${told} '${error.path}'` : told;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.replace(/\.$/, '') ?? '';
}

const REMEDIES: readonly [RegExp, string][] = [
  [/ENOSPC|EDQUOT|no space|is full|quota/i, 'Free space there, then repeat the request.'],
  [/EROFS|EACCES|EPERM|read-?only|permission/i, 'Let the server write there, then repeat the request.'],
  [/EMFILE|ENFILE|too many open/i, 'Raise the limit of open files, or repeat the request later.'],
];

function remedy(told: string): string {
  return REMEDIES.find(([pattern]) => pattern.test(told))?.[1] ?? 'Repeat the request later.';
}
