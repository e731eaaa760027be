import type { Client } from '@deltacat/client';
import { DeltacatError, stringifyJson } from '@deltacat/contract';
import { Command } from 'commander';
import { parseSomeCount, parseTable } from './arguments.ts';
import { type ConnectionOptions, withConnection } from './connection-options.ts';
import { print } from './print/standard-output.ts';
import { Progress } from './progress.ts';

interface CompactOptions extends ConnectionOptions {
  tableVersion?: string;
  partition?: string;
  wait?: boolean;
  timeout: number;
  json?: boolean;
}

interface TableName {
  namespace: string;
  table: string;
}

/** How long a command waits for a compaction that it does not say how long to wait for, in seconds. */
const TIMEOUT_SECONDS = 3_600;

/** How often it asks, in seconds. */
const POLL_INTERVAL_SECONDS = 0.5;

/** `deltacat compact`: puts the files of a table together. */
export function compactCommand(): Command {
  const command = new Command('compact')
    .description('Compact a table in the background: fewer and larger files with the same rows.')
    .argument('<namespace.table>', 'the table', parseTable)
    .option('--table-version <version>', 'which version of it; the latest active one when left out')
    .option('--partition <id>', 'only this partition, by its id')
    .option('--wait', 'wait until it is done, and fail when it fails')
    .option('--timeout <seconds>', 'how long to wait', parseSomeCount, TIMEOUT_SECONDS)
    .option('--json', 'print the job as JSON');
  return withConnection(command).action(compact);
}

async function compact(name: TableName, options: CompactOptions): Promise<void> {
  const { connect } = await import('./connection.ts');
  await using client = connect(options);
  const { tableVersion: table_version, partition: partition_id } = options;
  const submitted = await client.jobs.submitCompaction({ ...name, table_version, partition_id });
  const { job_id, message } = submitted;
  if (options.wait) await waitFor(client, job_id, options);
  else await print(options.json ? stringifyJson(submitted) : `${message} Job ${job_id}.`);
}

async function waitFor(client: Client, job_id: string, { timeout, json }: CompactOptions): Promise<void> {
  const job = await awaitJob(client, job_id, timeout);
  if (json) await print(stringifyJson(job));
  else if (job.state === 'completed') await print(`${job.progress_message}.`);
  if (job.state === 'completed') return;
  throw new DeltacatError('job_failed', `Job "${job_id}" failed: ${job.error}`, { job_id });
}

async function awaitJob(client: Client, job_id: string, timeout_seconds: number) {
  using progress = new Progress();
  return await client.jobs.wait({
    ...{ job_id, timeout_seconds, poll_interval_seconds: POLL_INTERVAL_SECONDS },
    onProgress: ({ state, progress_message }) => progress.update(`compacting: ${state}, ${progress_message}`),
  });
}
