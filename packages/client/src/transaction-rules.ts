import { DeltacatError, type Endpoint } from '@deltacat/contract';
import { Transaction } from './transaction.ts';

/** What a call was given, and where it was made. */
export interface Situation {
  fields: Record<string, unknown>;
  /** The transaction that the call names. */
  explicit: unknown;
  /** The transaction in whose work the call is made. */
  ambient: Transaction | null;
  /** Whether a transaction is one of the client that makes the call. */
  isOwn(transaction: Transaction): boolean;
}

/**
 * The transaction that a call belongs to, null when it stands alone. Refuses, before anything is sent, what cannot be
 * meant: which calls may be in a transaction is written in the endpoint table.
 */
export function transactionFor(endpoint: Endpoint, situation: Situation): Transaction | null {
  const { ambient, fields } = situation;
  const explicit = requireOwn(situation);
  const transaction = explicit ?? ambient;
  if (transaction === null) return null;
  const isNamed = (fields.transaction_id ?? null) !== null;
  if (isNamed && explicit !== null) throw namedTwice(transaction);
  if (!isNamed && (fields.catalog ?? null) !== null) throw otherCatalog(transaction);
  if (!endpoint.transactional && (explicit !== null || standsAlone(endpoint))) {
    throw notTransactional(endpoint, transaction);
  }
  if (!endpoint.transactional || isNamed) return null;
  if ((fields.as_of ?? null) !== null) throw timedTwice(transaction);
  transaction.requireOpen();
  return transaction;
}

function requireOwn({ explicit = null, isOwn }: Situation): Transaction | null {
  if (explicit === null) return null;
  if (!(explicit instanceof Transaction)) {
    const message =
      'transaction is no transaction: give what client.transaction() or client.getTransaction(id) answers.';
    throw new DeltacatError('invalid_input', message);
  }
  if (isOwn(explicit)) return explicit;
  throw new DeltacatError(
    'invalid_request',
    `Transaction "${explicit.id}" belongs to another Client. Make the call with that one, or fetch the transaction with this: client.getTransaction(id).`,
    { transaction_id: explicit.id },
  );
}

/** What changes the content of a catalog would be done at once, in the midst of work that is done together. */
function standsAlone({ role, params, query, body }: Endpoint): boolean {
  const changes = role !== 'READER' && 'namespace' in params;
  return changes || 'transaction_id' in query || 'transaction_id' in body;
}

function timedTwice({ id }: Transaction): DeltacatError {
  return new DeltacatError(
    'invalid_request',
    `as_of cannot be given inside transaction "${id}", which sees one state. Read outside of it, or open a transaction of that time: client.transaction({ as_of }).`,
    { transaction_id: id },
  );
}

function otherCatalog({ id, catalog }: Transaction): DeltacatError {
  return new DeltacatError(
    'invalid_request',
    `catalog cannot be given inside transaction "${id}", which is one of catalog "${catalog}". Leave it out, or call another catalog outside of the transaction.`,
    { transaction_id: id },
  );
}

function namedTwice({ id }: Transaction): DeltacatError {
  return new DeltacatError('invalid_input', `transaction ("${id}") and transaction_id were both given. Choose one.`);
}

function notTransactional({ op }: Endpoint, { id }: Transaction): DeltacatError {
  return new DeltacatError(
    'not_transactional',
    `${op} cannot be a part of transaction "${id}", because it is done at once, by itself. Call it before the transaction or after it.`,
    { transaction_id: id },
  );
}
