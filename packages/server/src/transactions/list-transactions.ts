import { DeltacatError } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { boundSessions, describeTransaction } from './transaction-answer.ts';

/** The most transactions of one answer. */
const TRANSACTIONS_LISTED_MAX = 1_000;

/** Lists transactions of a catalog, the newest first. */
export const listTransactions: Handler<'list_transactions'> = async (context, input) => {
  const { status, limit } = input;
  const catalog = catalogNamed(context, input.catalog);
  if (limit === 0 || limit > TRANSACTIONS_LISTED_MAX) {
    const message = `${limit} transactions were asked for; ask for 1 to ${TRANSACTIONS_LISTED_MAX}.`;
    throw new DeltacatError('invalid_request', message);
  }
  const query = context.db.reader
    .selectFrom('transactions')
    .selectAll()
    .where('catalog_id', '=', catalog.catalog_id)
    .orderBy('created_at_ns', 'desc')
    .orderBy('transaction_id', 'desc')
    .limit(limit);
  const rows = await (status ? query.where('status', '=', status) : query).execute();
  const sessions = await boundSessions(
    context.db.reader,
    rows.map(({ transaction_id }) => transaction_id),
  );
  return {
    transactions: rows.map((row) =>
      describeTransaction(row, { catalog: catalog.name, sessions: sessions.get(row.transaction_id) ?? [] }),
    ),
  };
};
