import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Predicate } from '@deltacat/contract';
import { PythonProcess } from '../python-process.ts';
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
  readonly #program: PythonProcess;

  private constructor(program: PythonProcess, version: string) {
    this.#program = program;
    this.version = version;
  }

  /** Starts the program and connects it to a server. */
  static async start(python: string, url: string): Promise<OfficialClient> {
    const program = new PythonProcess(python, join(import.meta.dirname, 'official.py'));
    const version = await program.ask('version');
    await program.ask('connect', { url });
    return new OfficialClient(program, String(version));
  }

  /** Writes rows as `client.catalog.write` does. */
  async write(input: OfficialWrite): Promise<void> {
    await this.#program.ask('write', input);
  }

  /** Reads rows as `client.catalog.read` does. */
  async read(input: OfficialRead): Promise<Rows> {
    return (await this.#program.ask('read', input)) as Rows; // what official.py answers
  }

  /** Opens a transaction; its id. */
  async begin(): Promise<string> {
    return String(await this.#program.ask('begin'));
  }

  /** Commits a transaction that `begin` opened, or gives it up. */
  async end(transaction: string, commit: boolean): Promise<void> {
    await this.#program.ask('end', { transaction, commit });
  }

  /** Ends the process. */
  stop(): Promise<void> {
    return this.#program.stop();
  }
}
