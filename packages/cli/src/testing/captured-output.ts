import { vi } from 'vitest';

/** What commands wrote instead of a terminal: their results, and what they said about their work. */
export interface CapturedOutput {
  printed: string;
  complained: string;
}

/** Takes everything that is written from now on, until `vi.restoreAllMocks`. */
export function captureOutput(): CapturedOutput {
  const output: CapturedOutput = { printed: '', complained: '' };
  const take = (chunk: unknown, taken: unknown) => {
    output.printed += String(chunk);
    if (typeof taken === 'function') taken();
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(take as typeof process.stdout.write);
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    output.complained += String(chunk);
    return true;
  });
  vi.spyOn(console, 'error').mockImplementation((text) => {
    output.complained += `${text}\n`;
  });
  return output;
}
