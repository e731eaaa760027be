import { getSystemErrorMessage } from 'node:util';

/** What the operating system said, in its words alone: "no space left on device", not which call was made with what. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errno } = error as NodeJS.ErrnoException; // absent where the system was not asked
  const reason = typeof errno === 'number' ? getSystemErrorMessage(errno) : undefined;
  return reason ?? error.message;
}
