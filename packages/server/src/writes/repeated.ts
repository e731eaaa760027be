import { type CommitRequest, type Committed, commit } from '../commits/commit.ts';
import type { RequestContext } from '../context.ts';

/**
 * The answer that an operation was given before; null when it is new. Asked before any work is done, because by now the
 * files or the table that it worked with may be gone. Throws `operation_id_reused` for another payload.
 */
export async function findRepeated<T extends object>(
  context: RequestContext,
  request: Pick<CommitRequest<T>, 'catalog' | 'operation' | 'idempotency'>,
): Promise<Committed<T> | null> {
  if (!request.idempotency) return null;
  const known = await context.db.reader
    .selectFrom('operations')
    .select('operation_id')
    .where('catalog_id', '=', request.catalog.catalog_id)
    .where('operation_id', '=', request.idempotency.operation_id)
    .executeTakeFirst();
  if (!known) return null;
  const decide = async (): Promise<T> => {
    throw new Error(`operation ${known.operation_id} was answered before and is asked to be done again`);
  };
  return commit(context, { ...request, decide });
}
