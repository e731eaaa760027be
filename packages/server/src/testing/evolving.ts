import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { API, type Predicate, type SchemaField, type SchemaUpdates, stringifyJson } from '@deltacat/contract';
import { executePlan } from '@deltacat/io-core';
import type { TestAnswer } from './server.ts';
import { startTransacting, type Transacting } from './transacting.ts';
import type { OpenedSession } from './writing.ts';

/** A file of rows as text. */
export interface TextFile {
  name: string;
  content: string;
  record_count: number;
}

/** A server with the namespace `n`, to change schemas in. Calls are about the table `t` unless they name another. */
export interface Evolving extends Transacting {
  /** Asks for changes of columns; `more` are other fields of the request. */
  alter(updates: unknown, more?: object): Promise<TestAnswer>;
  /** What must be altered. */
  altered(updates: SchemaUpdates, more?: object): Promise<TestAnswer>;
  describe(query?: string): Promise<TestAnswer['body']>;
  /** Name, type and id of each column. */
  columns(query?: string): Promise<string[]>;
  /** The rows that our own reader makes of the plan that the server gives it, in its order. */
  objects(options?: { filter?: Predicate; query?: string; table?: string }): Promise<Record<string, unknown>[]>;
  /** The rows that the server itself makes: those of its preview. */
  preview(filter?: Predicate): Promise<Record<string, unknown>[]>;
  /** Commits a file of text that is put into the folder of a session. */
  commitText(session: OpenedSession, file: TextFile): Promise<TestAnswer>;
  /** The same in a session of its own, which must succeed. */
  putText(table: string, file: TextFile): Promise<void>;
  /** The kinds of the touches of the newest commit. */
  kinds(): Promise<string[]>;
}

const TABLE = '/v1/namespaces/n/tables/t';

/** Starts such a server. */
export async function startEvolving(): Promise<Evolving> {
  const transacting = await startTransacting();
  const { server, must } = transacting;
  const ours = server.requestAs({ 'X-DeltaCAT-Client-Version': 'ts-test' });
  const alter: Evolving['alter'] = (schema_updates, more = {}) =>
    server.request('PUT', TABLE, { schema_updates, ...more });
  const describe = async (query = '') => (await must(server.request('GET', `${TABLE}${query}`))).body;
  const commitText: Evolving['commitText'] = (session, { name, content, record_count }) => {
    mkdirSync(session.data_dir, { recursive: true });
    const path = join(session.data_dir, name);
    writeFileSync(path, content);
    return transacting.commit(session, [{ path, record_count }]);
  };
  return {
    ...transacting,
    alter,
    altered: (updates, more) => must(alter(updates, more)),
    describe,
    async columns(query) {
      const { schema } = await describe(query);
      return schema.map(({ name, type, field_id }: SchemaField) => `${name} ${type} ${field_id}`);
    },
    async objects({ filter, query = '', table = 't' } = {}) {
      const asked = filter ? `?filter_predicate=${encodeURIComponent(stringifyJson(filter))}` : query;
      const { body } = await must(ours('POST', `/v1/namespaces/n/tables/${table}/plan${asked}`));
      return executePlan(API.plan_read.output.parse(body), { filter: filter ?? null }).objects();
    },
    async preview(filter) {
      const asked = filter ? `?filter_predicate=${encodeURIComponent(stringifyJson(filter))}` : '';
      return (await must(server.request('GET', `${TABLE}/preview${asked}`))).body.sample_rows;
    },
    commitText,
    async putText(table, { name, content, record_count }) {
      const session = await transacting.open(table, { mode: 'append', format: 'csv' });
      await must(commitText(session, { name, content, record_count }));
    },
    async kinds() {
      const { reader } = server.context.db;
      const touches = await reader.selectFrom('touches').select(['seq', 'kind']).orderBy('seq').execute();
      const newest = touches.at(-1)?.seq;
      return touches.filter(({ seq }) => seq === newest).map(({ kind }) => kind);
    },
  };
}
