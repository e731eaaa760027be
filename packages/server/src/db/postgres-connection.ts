import type { PostgresQueryResult } from 'kysely';
import pg from 'pg';
import { readRow, writeColumn } from './columns.ts';
import { ConnectionLost, isLeaving } from './failure.ts';

/** How many statements a connection keeps prepared. The server issues fewer than two hundred that do not vary in length. */
const STATEMENTS_MAX = 300;

/** Longer statements name many rows or ids, and hardly ever the same number of them twice. */
const STATEMENT_LENGTH_MAX = 4_000;

/** A connection of the pool that maps values as the column table says, and prepares the statements that are repeated. */
export class PostgresConnection {
  readonly #client: pg.PoolClient;
  readonly #statements: Statements;
  #isLost = false;
  readonly #noticeEnd = () => {
    this.#isLost = true;
  };

  constructor(client: pg.PoolClient, statements: Statements) {
    this.#client = client;
    this.#statements = statements;
    client.once('end', this.#noticeEnd);
  }

  /** Whether nothing can be asked over it any more. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** One statement with its parameters, as Kysely asks for it. */
  async query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const values = parameters.map(bind);
    const name = this.#statements.nameOf(text);
    const result = await this.#ask({ text, values, ...(name === undefined ? {} : { name }) });
    for (const row of result.rows) readRow(row);
    // What a row has in it is the query's to say.
    return result as unknown as PostgresQueryResult<R>;
  }

  /** Several statements in one message, without parameters; the last row of all is answered. */
  async script(text: string): Promise<Record<string, unknown>> {
    // Several statements have several results, which the declaration does not know.
    const results = (await this.#ask({ text })) as unknown as pg.QueryResult | pg.QueryResult[];
    const last = Array.isArray(results) ? results.at(-1) : results;
    return last?.rows.at(-1) ?? { command: last?.command };
  }

  /** Gives the connection back to the pool; one that was lost is replaced there. */
  release(discard = false): void {
    this.#client.off('end', this.#noticeEnd);
    this.#client.release(discard || this.#isLost);
  }

  async #ask(query: pg.QueryConfig): Promise<pg.QueryResult> {
    if (this.#isLost) throw new ConnectionLost(new Error('it was closed'), true);
    try {
      return await this.#client.query(query);
    } catch (error) {
      const told = error instanceof pg.DatabaseError ? error : new ConnectionLost(error, true);
      if (isLeaving(told)) this.#isLost = true;
      throw told;
    }
  }
}

/** Gives names to statements that come again: a named one is parsed and planned once per connection. */
export class Statements {
  readonly #names = new Map<string, string>();
  readonly #seen = new Set<string>();

  /** The name under which a statement is prepared; undefined for one that is new, or too rare. */
  nameOf(text: string): string | undefined {
    if (text.length > STATEMENT_LENGTH_MAX) return undefined;
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= STATEMENTS_MAX) return known;
    if (!this.#seen.delete(text)) {
      if (this.#seen.size >= STATEMENTS_MAX) this.#seen.clear();
      this.#seen.add(text);
      return undefined;
    }
    const name = `s${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }
}

/** PostgreSQL's numbers of the types int8, text and numeric. */
const INT8 = 20;
const TEXT = 25;
const NUMERIC = 1700;

/** How values come from the database before the column table is asked: whole numbers of any size are exact. */
export const TYPES: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    if (oid === INT8) return BigInt;
    if (oid === NUMERIC) return (text: string) => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text));
    return oid === TEXT ? unescapeNul : pg.types.getTypeParser(oid, format);
  },
};

function bind(value: unknown): unknown {
  const written = writeColumn(value);
  return typeof written === 'string' ? escapeNul(written) : written;
}

/**
 * PostgreSQL's text holds every character but U+0000. That one is stored as U+0001 and "0", and U+0001 itself as U+0001
 * and "1": different texts stay different, and in the same order.
 */
function escapeNul(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replaceAll(/[\0\x01]/g, (found) => (found === '\0' ? '\x010' : '\x011'));
}

function unescapeNul(text: string): string {
  return text.includes('\x01') ? text.replaceAll('\x010', '\0').replaceAll('\x011', '\x01') : text;
}
