import { systemReason } from '../system-error.ts';

/** Standard output did not take what was printed. */
export class OutputError extends Error {
  /** Nobody reads any further, as after `| head -1`: what was wanted has been had. */
  readonly unwanted: boolean;

  constructor(cause: unknown) {
    super(`Standard output cannot be written: ${systemReason(cause)}.`, { cause });
    this.unwanted = isUnwanted(cause);
  }
}

/** Pipes break, and a stream that broke once is destroyed. */
const UNWANTED = ['EPIPE', 'ERR_STREAM_DESTROYED'];

function isUnwanted(error: unknown): boolean {
  return error instanceof Error && 'code' in error && UNWANTED.includes(String(error.code));
}

/**
 * Prints lines and waits until they are taken, so that a slow reader of a pipe does not fill the memory. Throws an
 * `OutputError` when they are not, which `console.log` never tells.
 */
export function print(lines: string): Promise<void> {
  return write(`${lines}\n`);
}

/** Prints a text as it is, in the way of `print`. */
export function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // The callback tells what went wrong; without a listener the same error would end the process as well.
    if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => {});
    process.stdout.write(text, (error) => (error ? reject(new OutputError(error)) : resolve()));
  });
}
