import { Client } from '@deltacat/client';
import type { ConnectionOptions } from './connection-options.ts';

/** How long a command waits for one answer, in seconds: planning and committing large tables takes a while. */
const TIMEOUT_SECONDS = 600;

/** A client for the server that the options name. */
export function connect({ url, token, catalog }: ConnectionOptions): Client {
  return new Client(url, {
    timeout: TIMEOUT_SECONDS,
    ...(token === undefined ? {} : { bearer_token: token }),
    ...(catalog === undefined ? {} : { catalog }),
  });
}
