import { STATEMENTS as store } from './0001-store.ts';
import { STATEMENTS as streams } from './0002-streams.ts';
import { STATEMENTS as transactions } from './0003-transactions.ts';
import { STATEMENTS as history } from './0004-history.ts';
import { STATEMENTS as schemaRevisions } from './0005-schema-revisions.ts';
import { STATEMENTS as sessionSchema } from './0006-session-schema.ts';
import { STATEMENTS as jobs } from './0007-jobs.ts';
import { STATEMENTS as schemesAndListings } from './0008-schemes-and-listings.ts';
import { STATEMENTS as keptNumbers } from './0009-kept-numbers.ts';
import { STATEMENTS as roots } from './0010-roots.ts';
import { STATEMENTS as outbox } from './0011-outbox.ts';

/** Every migration in order; the store of a folder or database has applied a prefix of them. */
export const MIGRATIONS: readonly { name: string; statements: readonly string[] }[] = [
  { name: '0001-store', statements: store },
  { name: '0002-streams', statements: streams },
  { name: '0003-transactions', statements: transactions },
  { name: '0004-history', statements: history },
  { name: '0005-schema-revisions', statements: schemaRevisions },
  { name: '0006-session-schema', statements: sessionSchema },
  { name: '0007-jobs', statements: jobs },
  { name: '0008-schemes-and-listings', statements: schemesAndListings },
  { name: '0009-kept-numbers', statements: keptNumbers },
  { name: '0010-roots', statements: roots },
  { name: '0011-outbox', statements: outbox },
];
