import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** A service that the server under test asks over HTTP, on a port of this machine. */
export abstract class HttpEndpoint implements AsyncDisposable {
  readonly #server: Server;
  #url = '';

  constructor() {
    this.#server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      await this.answer(request, Buffer.concat(parts), response);
    });
  }

  /** Answers a request, whose body has come in whole. */
  protected abstract answer(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void>;

  get url(): string {
    return this.#url;
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    this.#url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
