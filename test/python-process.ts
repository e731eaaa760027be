import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { stringifyJson } from '@deltacat/contract';

/** What a Python program said against a request. */
class PythonError extends Error {}

/**
 * A Python program in a process of its own that answers requests over its standard input and output, one JSON text a line:
 * `{op, ...fields}` by `{result}` or `{error}`.
 */
export class PythonProcess {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();

  /** Starts a program; what it prints as an error is shown or not. */
  constructor(python: string, script: string, shows_errors = false) {
    const stdio = ['pipe', 'pipe', shows_errors ? 'inherit' : 'ignore'] as const;
    const child = spawn(python, [script], { stdio: [...stdio] });
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Its answer to a request; one asked meanwhile waits for its turn. Rejects with what it said against it. */
  ask(op: string, fields: object = {}): Promise<unknown> {
    const ask = async () => {
      this.#child.stdin?.write(`${stringifyJson({ op, ...fields })}\n`);
      const { value, done } = await this.#answers.next();
      if (done) throw new Error('the Python program ended without an answer');
      const { result, error } = JSON.parse(value) as { result?: unknown; error?: string }; // as the programs write it
      if (error !== undefined) throw new PythonError(error);
      return result;
    };
    const answer = this.#last.then(ask, ask);
    this.#last = answer;
    return answer;
  }

  /** Ends the process. */
  stop(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.stdin?.end();
    return ended;
  }
}
