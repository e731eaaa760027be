/** What the exit codes of `deltacat` say. docs/guide/command-line.md lists the same. */
export const EXIT = {
  done: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'refused or failed' },
  usage: { code: 2, meaning: 'wrong usage' },
  unreachable: { code: 3, meaning: 'the server cannot be reached' },
  untidy: { code: 3, meaning: 'nothing is broken, but something is left that nobody needs' },
  pending: { code: 3, meaning: 'migrations are pending' },
} as const;

/** The command did what it was asked, and what it found is told by the exit code: everything has been printed. */
export class ExitCode extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** The command was called in a way that cannot work; the message says how to call it. */
export class UsageError extends Error {}
