/** Where progress is shown: standard error, as far as it is needed. */
export interface ProgressStream {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** The least time between two states that are shown. */
const UPDATE_MS = 100;

/** Shows how far long work is on standard error, where someone is looking; never mixed with what the command prints. */
export class Progress {
  readonly #stream: ProgressStream | null;
  #last = Number.NEGATIVE_INFINITY;

  constructor(stream: ProgressStream = process.stderr) {
    this.#stream = stream.isTTY ? stream : null;
  }

  /** Shows a new state; at most ten times a second. */
  update(text: string): void {
    const now = performance.now();
    if (!this.#stream || now - this.#last < UPDATE_MS) return;
    this.#last = now;
    this.#stream.write(`\r\u001b[K${text}`);
  }

  /** Clears what was shown. */
  [Symbol.dispose](): void {
    this.#stream?.write('\r\u001b[K');
  }
}
