/** SQLite's codes for busy, out of memory, read-only, I/O error, full and cannot open. */
const FAILURES = [5, 7, 8, 10, 13, 14];

/** Whether an error says that the store does not work now: a full disk, one that fails. */
export function isStoreFailure(error: unknown): boolean {
  // The low byte is the kind, the others say more of it.
  return FAILURES.includes(storeErrorKind(error));
}

/** Whether an error says that somebody else holds the store. */
export function isStoreBusy(error: unknown): boolean {
  return storeErrorKind(error) === 5;
}

function storeErrorKind(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 255 : 0;
}
