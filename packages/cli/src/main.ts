import { createRequire } from 'node:module';
import { DeltacatError } from '@deltacat/contract';
import { Command, CommanderError } from 'commander';
import { backupCommand } from './backup.ts';
import { compactCommand } from './compact.ts';
import { diffCommand } from './diff.ts';
import { droppedCommand } from './dropped.ts';
import { EXIT, ExitCode, UsageError } from './exit.ts';
import { fsckCommand } from './fsck.ts';
import { logCommand } from './log.ts';
import { migrateCommand } from './migrate.ts';
import { partitionsCommand } from './partitions.ts';
import { OutputError, write } from './print/standard-output.ts';
import { readCommand } from './read.ts';
import { restoreCommand } from './restore.ts';
import { rootsCommand } from './roots.ts';
import { serveCommand } from './serve.ts';
import { tablesCommand } from './tables.ts';
import { undropCommand } from './undrop.ts';
import { writeCommand } from './write.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Every command, in the order of the help text. */
const COMMANDS = [
  ...[serveCommand, migrateCommand, fsckCommand, backupCommand, restoreCommand],
  ...[tablesCommand, partitionsCommand, readCommand, writeCommand, rootsCommand, compactCommand],
  ...[logCommand, diffCommand, droppedCommand, undropCommand],
];

/** Runs the `deltacat` command with its arguments; resolves to the exit code. */
export async function main(args: string[]): Promise<number> {
  const program = new Command('deltacat')
    .description('Serve, read and write DeltaCAT catalogs.')
    .version(version)
    .showHelpAfterError('(deltacat --help shows every command)')
    .addHelpText(
      'after',
      `\nExit codes: ${Object.values(EXIT)
        .map(({ code, meaning }) => `${code} ${meaning}`)
        .join('; ')}.`,
    );
  for (const make of COMMANDS) program.addCommand(make());
  try {
    await run(program, args);
    return EXIT.done.code;
  } catch (error) {
    return exitCodeOf(error);
  }
}

/** Commander prints help without waiting or learning whether it could, so it is kept and printed here. */
async function run(program: Command, args: string[]): Promise<void> {
  const help: string[] = [];
  const output = {
    writeOut: (text: string) => help.push(text),
    writeErr: (text: string) => console.error(text.trimEnd()),
  };
  const commands = [program, ...program.commands.flatMap((command) => [command, ...command.commands])];
  for (const command of commands) command.exitOverride().configureOutput(output);
  try {
    await program.parseAsync(args, { from: 'user' });
  } finally {
    if (help.length > 0) await write(help.join(''));
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done.code : EXIT.usage.code;
  if (error instanceof ExitCode) return error.code;
  if (error instanceof OutputError && error.unwanted) return EXIT.done.code;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) {
    console.error(`deltacat: ${message}`);
    return EXIT.usage.code;
  }
  const code = error instanceof DeltacatError ? ` [${error.code}]` : '';
  console.error(`deltacat: ${message}${code}`);
  if (!isUnreachable(error)) return EXIT.failed.code;
  if (code === ' [connection_failed]') console.error(START_HINT);
  return EXIT.unreachable.code;
}

const START_HINT =
  'Is the server running? --url says where it is; start one with: deltacat serve --catalog-root DIR --transport http';

function isUnreachable(error: unknown): boolean {
  return error instanceof DeltacatError && error.details.unreachable === true;
}
