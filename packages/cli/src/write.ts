import type { Client } from '@deltacat/client';
import { stringifyJson, WRITE_MODES, type WriteMode } from '@deltacat/contract';
import { Command, Option } from 'commander';
import { parseTable } from './arguments.ts';
import { type ConnectionOptions, withConnection } from './connection-options.ts';
import { counted } from './print/counted.ts';
import { print } from './print/standard-output.ts';
import { Progress } from './progress.ts';

interface WriteOptions extends ConnectionOptions {
  table: { namespace: string; table: string };
  mode: WriteMode;
  message?: string;
  json?: boolean;
}

/** `deltacat write`: registers files with a table, all in one commit. */
export function writeCommand(): Command {
  const command = new Command('write')
    .description('Register Parquet files with a table, in one commit. The files stay where they are.')
    .argument('<file...>', 'files or globs')
    .requiredOption('--table <namespace.table>', 'the table', parseTable)
    .addOption(new Option('--mode <mode>', 'what the write does to the table').choices(WRITE_MODES).default('auto'))
    .option('--message <text>', 'what the commit log says of it')
    .option('--json', 'print the result as JSON');
  return withConnection(command).action((files: string[], options: WriteOptions) => write(files, options));
}

async function write(files: string[], options: WriteOptions): Promise<void> {
  const { connect } = await import('./connection.ts');
  await using client = connect(options);
  const result = await commitFiles(client, files, options);
  const { namespace, table } = options.table;
  const { files_registered, total_records, total_bytes, deltas_written, seq, committed_at_ns } = result;
  const answer = {
    namespace,
    table,
    files_registered,
    total_records,
    total_bytes,
    deltas_written,
    seq,
    committed_at_ns,
  };
  const what = `${counted(files_registered, 'file')} with ${counted(total_records, 'row')}`;
  await print(
    options.json ? stringifyJson(answer) : `${namespace}.${table}: ${what} committed as ${seq}, at ${committed_at_ns}.`,
  );
}

async function commitFiles(client: Client, files: string[], { table, mode, message }: WriteOptions) {
  using progress = new Progress();
  progress.update(`checking and committing ${counted(files.length, 'file or glob', 'files or globs')}`);
  return await client.catalog.write(files, {
    ...table,
    mode,
    ...(message === undefined ? {} : { commit_message: message }),
  });
}
