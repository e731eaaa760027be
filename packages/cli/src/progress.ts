/** Shows how far long work is on standard error, where someone is looking; never mixed with what the command prints. */
export class Progress {
  readonly #shown: boolean;
  #last = 0;

  constructor(stream: { isTTY?: boolean } = process.stderr) {
    this.#shown = stream.isTTY === true;
  }

  /** Shows a new state; at most ten times a second. */
  update(text: string): void {
    const now = performance.now();
    if (!this.#shown || now - this.#last < 100) return;
    this.#last = now;
    process.stderr.write(`\r\u001b[K${text}`);
  }

  /** Clears what was shown. */
  [Symbol.dispose](): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
  }
}
