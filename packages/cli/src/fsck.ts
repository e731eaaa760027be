import { stringifyJson } from '@deltacat/contract';
import type { Found, RepairReport, Severity, StoreCheckOptions, StoreReport } from '@deltacat/server';
import { Command, Option } from 'commander';
import { parseSpan } from './arguments.ts';
import { EXIT, ExitCode } from './exit.ts';
import { counted } from './print/counted.ts';
import { print } from './print/standard-output.ts';
import { Progress } from './progress.ts';
import { readStoreConfig } from './store-config.ts';

interface FsckOptions {
  catalogRoot?: string;
  repair?: boolean;
  files: boolean;
  history?: boolean;
  orphansOlderThan: number;
  json?: boolean;
}

const DAY_MS = 86_400_000;

/** `deltacat fsck`: checks that a store keeps its promises, and mends what can be mended without losing anything. */
export function fsckCommand(): Command {
  return new Command('fsck')
    .description('Check a store and the files of its tables; servers may go on meanwhile.')
    .option('--catalog-root <dir>', 'folder of the store; not needed where DELTACAT_DATABASE_URL names a database')
    .option('--repair', 'mend what can be mended without losing anything; a folder must not be served meanwhile')
    .option('--no-files', 'leave out the files of the tables')
    .option('--history', 'also look at files that only earlier times show')
    .addOption(
      new Option('--orphans-older-than <span>', 'tell files that nothing names once they are so old')
        .argParser(parseSpan)
        .default(DAY_MS, '1d'),
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `\nExit codes: ${EXIT.done.code} clean; ${EXIT.failed.code} something is broken; ${EXIT.untidy.code} nothing is broken, but something is left that nobody needs.`,
    )
    .action((options: FsckOptions) => fsck(options));
}

async function fsck(options: FsckOptions): Promise<void> {
  const config = await readStoreConfig(options.catalogRoot);
  const { checkStore, repairStore } = await import('@deltacat/server');
  using progress = new Progress();
  const { files, history = false, orphansOlderThan: orphans_older_than_ms, json } = options;
  const how: StoreCheckOptions = { files, history, orphans_older_than_ms, progress: (text) => progress.update(text) };
  const show = async (text: string) => {
    progress[Symbol.dispose]();
    await print(text);
  };
  if (!options.repair) {
    const report = await checkStore(config, how);
    await show(json ? stringifyJson(report) : reportText(report));
    return endWith(report);
  }
  const repaired = await repairStore(config, how, async (before) => {
    if (!json) await show(reportText(before));
  });
  await show(json ? stringifyJson(repaired) : repairText(repaired));
  endWith(repaired.after);
}

function endWith({ found, orphans }: StoreReport): void {
  if (found.some((one) => severityOf(one) === 'broken')) throw new ExitCode(EXIT.failed.code);
  if (found.length > 0 || (orphans?.count ?? 0) > 0) throw new ExitCode(EXIT.untidy.code);
}

/** All findings of one code are equally bad. */
function severityOf({ findings }: Found): Severity {
  return findings[0]?.severity ?? 'broken';
}

function reportText(report: StoreReport): string {
  const { found, orphans, catalogs, checks, files, took_ms } = report;
  const all = orphans && orphans.count > 0 ? [...found, orphans] : found;
  const heads = catalogs.map(({ name, head_seq }) => `${name} at commit ${head_seq}`).join(', ');
  const looked = `${counted(checks, 'check')} and ${counted(files, 'file')} in ${(took_ms / 1_000).toFixed(1)} s`;
  const summary = `${heads === '' ? '' : `${heads}: `}${looked}; ${verdictText(all)}.`;
  const bytes = orphans && orphans.count > 0 ? [`The orphans have ${counted(orphans.size_bytes, 'byte')}.`] : [];
  return [...all.flatMap(foundLines), ...bytes, summary].join('\n');
}

function foundLines(found: Found): string[] {
  const { code, count, findings } = found;
  const mendable = findings[0]?.repair ? ', --repair mends it' : '';
  const lines = findings.map(({ object, message }) => `  ${object}: ${message}`);
  const more = count > findings.length ? [`  and ${count - findings.length} more`] : [];
  return [`${severityOf(found)}  ${code} (${count}${mendable})`, ...lines, ...more];
}

function verdictText(all: Found[]): string {
  if (all.length === 0) return 'clean';
  const countOf = (severity: Severity) =>
    all.filter((one) => severityOf(one) === severity).reduce((sum, { count }) => sum + count, 0);
  return `${countOf('broken')} broken, ${countOf('untidy')} untidy`;
}

function repairText({ mended, refused, after }: RepairReport): string {
  if (refused !== null) return refused;
  if (mended.length === 0) return 'There is nothing to mend.';
  const left = after.orphans && after.orphans.count > 0 ? [...after.found, after.orphans] : after.found;
  const rest = left.length === 0 ? 'nothing is left' : `left are ${left.map(({ code }) => code).join(', ')}`;
  return `Mended ${mended.join(', ')}; ${rest}.`;
}
