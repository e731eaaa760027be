import { type Command, Option } from 'commander';
import { parseUrl } from './arguments.ts';

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
      new Option('--url <url>', 'address of the server')
        .argParser(parseUrl)
        .env('DELTACAT_SERVER_URL')
        .default('http://127.0.0.1:8080'),
    )
    .addOption(new Option('--token <token>', 'bearer token').env('DELTACAT_BEARER_TOKEN'))
    .option('--catalog <name>', "catalog to use; the server's default when left out");
}
