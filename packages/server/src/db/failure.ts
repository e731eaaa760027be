/** SQLite's codes for busy, out of memory, read-only, I/O error, full and cannot open. */
const FAILURES = [5, 7, 8, 10, 13, 14];

/**
 * PostgreSQL's states of a store that does not work now: connection, resources, operator, system; may only be read, a
 * lock that is not given, an idle transaction that was ended.
 */
const FAILURE_STATES = /^(08|53|57|58|25006|55P03|25P03)/;

/** States after which the same unit of work may well succeed: it could not be serialised, or met another in a deadlock. */
const PASSING_STATES = /^(40001|40P01)$/;

/** States with which PostgreSQL takes its leave: what it did with the statement under way is not told. */
const LEAVING_STATES = /^(08|57P|25P03)/;

/** No connection to the database could be had, or the one that was used is gone. */
export class ConnectionLost extends Error {
  /** Whether it was in use already: another connection may serve then. */
  readonly was_used: boolean;

  constructor(cause: unknown, was_used: boolean) {
    super(
      `${was_used ? 'the connection to the database was lost' : 'the database cannot be reached'}: ${wordsOf(cause)}`,
      {
        cause,
      },
    );
    this.was_used = was_used;
  }
}

/** The connection was lost while a COMMIT was under way: whether it was done is not known. */
export class OutcomeUnknown extends Error {}

/** Whether an error says that the store does not work now: a full disk, one that fails, a database that is away. */
export function isStoreFailure(error: unknown): boolean {
  // The low byte is the kind, the others say more of it.
  return FAILURES.includes(storeErrorKind(error)) || isLeaving(error) || FAILURE_STATES.test(sqlStateOf(error));
}

/** Whether an error says that somebody else holds the store. */
export function isStoreBusy(error: unknown): boolean {
  return storeErrorKind(error) === 5;
}

/** Whether what failed so may succeed when it is done again at once, on another connection. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionLost) return error.was_used;
  return isLeaving(error) || PASSING_STATES.test(sqlStateOf(error));
}

/** Whether the connection that an error came from is of no use any more. */
export function isLeaving(error: unknown): boolean {
  return error instanceof ConnectionLost || LEAVING_STATES.test(sqlStateOf(error));
}

function storeErrorKind(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 255 : 0;
}

/** The five letters by which PostgreSQL tells what went wrong; empty for errors of others. */
function sqlStateOf(error: unknown): string {
  return error instanceof Error && 'severity' in error && 'code' in error ? String(error.code) : '';
}

/** Where several addresses were tried, each failed with words of its own. */
function wordsOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return wordsOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : String(cause);
}
