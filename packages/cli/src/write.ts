import type { Client } from '@deltacat/client';
import { CONTENT_TYPES, type ContentType, stringifyJson, WRITE_MODES, type WriteMode } from '@deltacat/contract';
import { Command, Option } from 'commander';
import { parseTable } from './arguments.ts';
import { type ConnectionOptions, withConnection } from './connection-options.ts';
import { UsageError } from './exit.ts';
import { counted } from './print/counted.ts';
import { print } from './print/standard-output.ts';
import { Progress } from './progress.ts';

interface WriteOptions extends ConnectionOptions {
  table: { namespace: string; table: string };
  format?: ContentType;
  mode: WriteMode;
  message?: string;
  json?: boolean;
}

/** `deltacat write`: registers files with a table, or writes the rows that it is sent, all in one commit. */
export function writeCommand(): Command {
  const command = new Command('write')
    .description(
      'Register files with a table, which stay where they are, or write rows from standard input, in one commit.',
    )
    .argument('<file...>', 'files, folders or globs; - for rows from standard input')
    .requiredOption('--table <namespace.table>', 'the table', parseTable)
    .addOption(new Option('--mode <mode>', 'what the write does to the table').choices(WRITE_MODES).default('auto'))
    .addOption(
      new Option('--format <format>', 'the format of the files; told by their names when left out, json of -').choices(
        CONTENT_TYPES,
      ),
    )
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

async function commitFiles(client: Client, files: string[], options: WriteOptions) {
  const { table, mode, message, format } = options;
  const target = { ...table, mode, ...(message === undefined ? {} : { commit_message: message }) };
  using progress = new Progress();
  if (files.includes('-')) {
    if (files.length > 1) throw new UsageError('Standard input is written by itself. Name files, or -.');
    const { inputRows } = await import('./input-rows.ts');
    await using rows = await inputRows(process.stdin, { format, progress });
    return await client.catalog.write(rows.rows, target);
  }
  progress.update(`checking and committing ${counted(files.length, 'path')}`);
  return await client.catalog.write(files, { ...target, ...(format === undefined ? {} : { format }) });
}
