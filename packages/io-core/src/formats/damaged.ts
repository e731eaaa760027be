import { DeltacatError } from '@deltacat/contract';

/** Runs what reads a file's bytes: what they do not allow is an `invalid_entry` of the file. */
export function translated<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DeltacatError && error.code !== 'invalid_schema') throw error;
    if (error instanceof RangeError || error instanceof TypeError || error instanceof DeltacatError) {
      throw damaged(path, error.message);
    }
    throw error;
  }
}

/** The refusal of a file whose bytes contradict themselves. */
export function damaged(path: string, reason: string): DeltacatError {
  return new DeltacatError('invalid_entry', `${path} is damaged: ${reason}. Write it again.`, { path });
}
