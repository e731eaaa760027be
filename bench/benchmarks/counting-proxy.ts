import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What went through a proxy. */
export interface Traffic {
  bytes: number;
  requests: number;
}

/** A way to a server that counts what comes back, and takes as long as a server far away for each request. */
export class CountingProxy implements AsyncDisposable {
  readonly #target: URL;
  readonly #delay_ms: number;
  readonly #server = createServer((incoming, outgoing) => {
    this.#counted.requests += 1;
    const { method, url, headers } = incoming;
    const { hostname, port } = this.#target;
    // The host stays as it was signed.
    const call = request({ hostname, port, method, path: url, headers }, async (answer) => {
      await pause(this.#delay_ms);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('data', (chunk: Uint8Array) => {
        this.#counted.bytes += chunk.byteLength;
      });
      answer.pipe(outgoing);
    });
    call.once('error', () => outgoing.destroy());
    incoming.pipe(call);
  });
  #counted: Traffic = { bytes: 0, requests: 0 };

  constructor(target: string, delay_ms: number) {
    this.#target = new URL(target);
    this.#delay_ms = delay_ms;
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // it listens on a port
  }

  /** What went through since it was asked last. */
  take(): Traffic {
    const taken = this.#counted;
    this.#counted = { bytes: 0, requests: 0 };
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
