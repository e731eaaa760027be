import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { count, nanoseconds } from '../values/numbers.ts';
import { inCatalog, operation, whole } from '../values/query.ts';
import { freeText, keyText } from '../values/text.ts';
import { TRANSACTION_STATUSES, transactionStatus } from '../values/words.ts';

const params = { transaction_id: keyText.min(1).max(255) };
const version = {
  transaction_version: whole.meta({ description: 'The transaction version last seen; every change in it raises it.' }),
};
const tag = 'control';

const transaction = z.object({
  transaction_id: z.string(),
  transaction_version: z.int().meta({ description: 'Send it with the next change; it grows with every one.' }),
  status: z.enum(TRANSACTION_STATUSES),
  created_at: nanoseconds,
  expires_at: nanoseconds,
  last_heartbeat_at: nanoseconds,
  catalog: z.string().nullish(),
  as_of: nanoseconds.nullish().meta({ description: 'The time whose state it reads; null for one that may write.' }),
  commit_message: z.string().nullish(),
  abort_reason: z.string().nullish(),
  author: z.string().nullish(),
  bound_write_sessions: z.array(z.string()).meta({ description: 'The ids of the write sessions opened in it.' }),
  operation_count: count.meta({ description: 'How many changes were made in it.' }),
  finalization_state: z.string().nullish(),
  finalized_at: nanoseconds.nullish(),
  refreshed_credentials_by_session: z.record(z.string(), z.unknown()).nullish(),
  base_seq: z.int().nullish().meta({ description: 'The commit whose state it reads, beside its own changes.' }),
  seq: z.int().nullish().meta({ description: "The commit's number in its catalog; null where nothing was changed." }),
  committed_at_ns: nanoseconds.nullish().meta({
    description: 'When it was committed, in nanoseconds since 1970; usable as `as_of`.',
  }),
});
/** A transaction as it is answered. */
export type TransactionAnswer = z.input<typeof transaction>;

/** Opens a transaction. */
export const createTransaction = endpoint({
  op: 'create_transaction',
  method: 'POST',
  path: '/v1/transactions',
  summary: 'Open a transaction: its changes become visible together at its commit, or not at all.',
  body: {
    ...inCatalog,
    as_of: nanoseconds.nullish().meta({
      description: 'Read the state of that time, in nanoseconds since 1970. Such a transaction changes nothing.',
    }),
    commit_message: freeText.nullish(),
    ...operation,
  },
  output: transaction,
  errors: ['catalog_not_found', 'invalid_as_of', 'operation_id_reused'],
  role: 'READER',
  tool: 'deltacat_create_transaction',
  tag,
});

/** Reads a transaction. */
export const getTransaction = endpoint({
  op: 'get_transaction',
  method: 'GET',
  path: '/v1/transactions/{transaction_id}',
  summary: 'Read a transaction.',
  params,
  query: inCatalog,
  output: transaction,
  errors: ['catalog_not_found', 'transaction_not_found'],
  role: 'READER',
  tool: 'deltacat_get_transaction',
  tag,
});

/** Lists transactions. */
export const listTransactions = endpoint({
  op: 'list_transactions',
  method: 'GET',
  path: '/v1/transactions',
  summary: 'List transactions, the newest first.',
  query: {
    ...inCatalog,
    status: transactionStatus.nullish().meta({ description: 'Only those of that status.' }),
    limit: whole.default(100).meta({ description: 'At most that many, up to 1000.' }),
  },
  output: z.object({ transactions: z.array(transaction) }),
  errors: ['catalog_not_found', 'invalid_request'],
  role: 'READER',
  tool: 'deltacat_list_transactions',
  tag,
});

/** Keeps a transaction alive. */
export const heartbeatTransaction = endpoint({
  op: 'heartbeat_transaction',
  method: 'POST',
  path: '/v1/transactions/{transaction_id}/heartbeat',
  summary: 'Keep a transaction and its write sessions alive for another time to live.',
  params,
  query: inCatalog,
  body: version,
  output: transaction,
  errors: ['catalog_not_found', 'transaction_not_found', 'transaction_closed', 'transaction_version_mismatch'],
  role: 'READER',
  tool: 'deltacat_heartbeat_transaction',
  tag,
});

/** Makes everything that was done in a transaction visible, at once. */
export const commitTransaction = endpoint({
  op: 'commit_transaction',
  method: 'POST',
  path: '/v1/transactions/{transaction_id}/commit',
  summary: 'Make everything that was done in a transaction visible, at once. Repeated, it is answered alike.',
  params,
  query: inCatalog,
  body: version,
  output: transaction,
  errors: [
    'catalog_not_found',
    'transaction_not_found',
    'transaction_closed',
    'transaction_version_mismatch',
    'concurrent_modification',
  ],
  role: 'READER',
  tool: 'deltacat_commit_transaction',
  tag,
});

/** Gives a transaction up. */
export const abortTransaction = endpoint({
  op: 'abort_transaction',
  method: 'POST',
  path: '/v1/transactions/{transaction_id}/abort',
  summary: 'Give a transaction up: nothing that was done in it becomes visible.',
  params,
  query: inCatalog,
  body: { ...version, reason: freeText.nullish() },
  output: transaction,
  errors: ['catalog_not_found', 'transaction_not_found', 'transaction_closed', 'transaction_version_mismatch'],
  role: 'READER',
  tool: 'deltacat_abort_transaction',
  tag,
});
