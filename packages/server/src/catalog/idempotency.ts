import type { CommitRequest } from '../commits/commit.ts';

/**
 * How an operation is done once: by the id its caller chose, with its whole input as the payload; null without an id. A
 * repetition may have seen a later version of its transaction, which does not make it another operation.
 */
export function idempotency(input: {
  operation_id?: string | null | undefined;
  transaction_version?: number | null | undefined;
}): NonNullable<CommitRequest<object>['idempotency']> | null {
  const { operation_id, transaction_version: _, ...payload } = input;
  return operation_id ? { operation_id, payload } : null;
}
