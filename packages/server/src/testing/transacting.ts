import { API, type ReadPlan } from '@deltacat/contract';
import { executePlan } from '@deltacat/io-core';
import { expect } from 'vitest';
import type { ManualClock, TestAnswer } from './server.ts';
import { startWriting, type Writing } from './writing.ts';

/** A transaction as tests use it: its calls carry its id, and its changes the version that the one before left. */
export interface TestTransaction {
  id: string;
  version(): number;
  /** Sends a call inside the transaction; a change that was made raises the version. */
  call(method: string, path: string, body?: unknown): Promise<TestAnswer>;
  /** Writes rows as files of a session of the transaction, which must succeed. */
  write(table: string, rows: Record<string, unknown>[], mode?: string): Promise<TestAnswer>;
  /** The rows of a table as the transaction sees them, as texts in order. */
  rows(table: string): Promise<string[]>;
  commit(): Promise<TestAnswer>;
  abort(reason?: string): Promise<TestAnswer>;
}

/** A server with the namespace `n`, to write to inside and outside of transactions. */
export interface Transacting extends Writing {
  begin(body?: object): Promise<TestTransaction>;
  /** The rows of a table as everyone sees them, as texts in order. */
  rows(table: string, query?: string): Promise<string[]>;
  /** What must be answered with 200 or 201. */
  must(asked: Promise<TestAnswer>): Promise<TestAnswer>;
}

/** Starts such a server; over a folder that is given it has what was written there. */
export async function startTransacting(clock?: ManualClock, root?: string): Promise<Transacting> {
  const writing = await startWriting(clock, root);
  const { server } = writing;
  const rows = async (table: string, query = '') => {
    const answer = await must(server.request('POST', `${pathOf(table)}/plan${query}`));
    return rowsOf(API.plan_read.output.parse(answer.body));
  };
  return {
    ...writing,
    rows,
    must,
    async begin(body = {}) {
      const { body: begun } = await must(server.request('POST', '/v1/transactions', body));
      return transactionOn(writing, begun);
    },
  };
}

function transactionOn(writing: Writing, begun: { transaction_id: string; transaction_version: number }) {
  const { server } = writing;
  const id = begun.transaction_id;
  let version = begun.transaction_version;
  const adopt = (answer: TestAnswer) => {
    version = answer.body?.transaction_version ?? version;
    return answer;
  };
  const within = (path: string) => `${path}${path.includes('?') ? '&' : '?'}transaction_id=${id}`;
  const end = async (how: string, more: object = {}) =>
    adopt(await server.request('POST', `/v1/transactions/${id}/${how}`, { transaction_version: version, ...more }));
  const transaction: TestTransaction = {
    id,
    version: () => version,
    async call(method, path, body) {
      const isRead = method === 'GET' || /\/plan(\?|$)/.test(path);
      const seen = isRead ? '' : `&transaction_version=${version}`;
      return adopt(await server.request(method, `${within(path)}${seen}`, body));
    },
    async write(table, rows, mode = 'auto') {
      const opening = { mode, transaction_id: id, transaction_version: version };
      const session = await writing.open(table, opening);
      version = (session as unknown as { transaction_version: number }).transaction_version;
      const entry = await writing.put(session.data_dir, rows);
      return adopt(await must(writing.commit(session, [entry], { transaction_version: version })));
    },
    async rows(table) {
      const answer = await must(server.request('POST', within(`${pathOf(table)}/plan`)));
      return rowsOf(API.plan_read.output.parse(answer.body));
    },
    commit: () => end('commit'),
    abort: (reason) => end('abort', reason === undefined ? {} : { reason }),
  };
  return transaction;
}

/** `t` of the namespace `n`, or `m.t` of another. */
function pathOf(table: string): string {
  const [name, namespace = 'n'] = table.split('.').toReversed();
  return `/v1/namespaces/${namespace}/tables/${name}`;
}

async function rowsOf(plan: ReadPlan): Promise<string[]> {
  const rows = await executePlan(plan).objects();
  return rows.map((row) => Object.values(row).join(' ')).toSorted();
}

async function must(asked: Promise<TestAnswer>): Promise<TestAnswer> {
  const answer = await asked;
  expect([answer.status, answer.body?.error?.message]).toEqual([expect.toBeOneOf([200, 201]), undefined]);
  return answer;
}
