import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Predicate, stringifyJson } from '@deltacat/contract';
import type { Rows } from './values.ts';

/** The table that a request is about. */
export interface TableName {
  namespace: string;
  table: string;
}

/** What the official client is asked to write. */
export interface OfficialWrite extends TableName {
  rows: Rows;
  mode: string;
  format: string;
  transaction?: string;
}

/** What the official client is asked to read. Its times are texts, because they do not fit a JSON number of JavaScript. */
export interface OfficialRead extends TableName {
  columns?: string[];
  filter_predicate?: Predicate;
  partition_filter?: object[];
  as_of?: string;
  transaction?: string;
}

/** What the official client said against a request. */
class OfficialError extends Error {}

/** Where the Python of an official client is looked for; undefined when it is not there. */
export function findPython(generation: '067' | '010'): string | undefined {
  const given = process.env[generation === '067' ? 'DELTACAT_PYTHON' : 'DELTACAT_PYTHON_010'];
  const cache = process.env.CONFORMANCE_CACHE ?? join(homedir(), '.cache/deltacat-conformance');
  const python = given ?? join(cache, `py${generation}/bin/python`);
  return existsSync(python) ? python : undefined;
}

/** An official Python client in a process of its own, which answers one request after another. */
export class OfficialClient {
  readonly version: string;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess, answers: AsyncIterator<string>, version: string) {
    this.#child = child;
    this.#answers = answers;
    this.version = version;
  }

  /** Starts the program and connects it to a server. */
  static async start(python: string, url: string): Promise<OfficialClient> {
    const child = spawn(python, [join(import.meta.dirname, 'official.py')], { stdio: ['pipe', 'pipe', 'ignore'] });
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const version = await new OfficialClient(child, answers, '').#ask('version', {});
    const client = new OfficialClient(child, answers, String(version));
    await client.#ask('connect', { url });
    return client;
  }

  /** Writes rows as `client.catalog.write` does. */
  async write(input: OfficialWrite): Promise<void> {
    await this.#ask('write', input);
  }

  /** Reads rows as `client.catalog.read` does. */
  async read(input: OfficialRead): Promise<Rows> {
    return (await this.#ask('read', input)) as Rows; // what official.py answers
  }

  /** Opens a transaction; its id. */
  async begin(): Promise<string> {
    return String(await this.#ask('begin', {}));
  }

  /** Commits a transaction that `begin` opened, or gives it up. */
  async end(transaction: string, commit: boolean): Promise<void> {
    await this.#ask('end', { transaction, commit });
  }

  /** Ends the process. */
  stop(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.stdin?.end();
    return ended;
  }

  #ask(op: string, fields: object): Promise<unknown> {
    const ask = async () => {
      this.#child.stdin?.write(`${stringifyJson({ op, ...fields })}\n`);
      const { value, done } = await this.#answers.next();
      if (done) throw new Error('the official client ended without an answer');
      const { result, error } = JSON.parse(value) as { result?: unknown; error?: string }; // as official.py writes it
      if (error !== undefined) throw new OfficialError(error);
      return result;
    };
    const answer = this.#last.then(ask, ask);
    this.#last = answer;
    return answer;
  }
}
