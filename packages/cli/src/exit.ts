/** What the exit codes of `deltacat` say. docs/guide/command-line.md lists the same. */
export const EXIT = {
  done: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'refused or failed' },
  usage: { code: 2, meaning: 'wrong usage' },
  unreachable: { code: 3, meaning: 'the server cannot be reached' },
} as const;

/** The command was called in a way that cannot work; the message says how to call it. */
export class UsageError extends Error {}
