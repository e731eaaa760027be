import { Client } from '@deltacat/client';
import { type Command, Option } from 'commander';

/** The options of every command that calls a server. */
export interface ConnectionOptions {
  url: string;
  token?: string;
  catalog?: string;
}

/** Adds the options that say which server and catalog a command calls. */
export function withConnection(command: Command): Command {
  return command
    .addOption(
      new Option('--url <url>', 'address of the server').env('DELTACAT_SERVER_URL').default('http://127.0.0.1:8080'),
    )
    .addOption(new Option('--token <token>', 'bearer token').env('DELTACAT_BEARER_TOKEN'))
    .option('--catalog <name>', "catalog to use; the server's default when left out");
}

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
