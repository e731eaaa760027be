import type { CommitRequest } from '../commits/commit.ts';

/** How an operation is done once: by the id its caller chose, with its whole input as the payload; null without an id. */
export function idempotency(input: {
  operation_id?: string | null | undefined;
}): NonNullable<CommitRequest<object>['idempotency']> | null {
  const { operation_id, ...payload } = input;
  return operation_id ? { operation_id, payload } : null;
}
