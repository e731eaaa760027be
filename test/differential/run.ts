// Compares this checkout with the official Python clients, in files of every format and in random tables:
//   npm run differential -- [--seconds 60] [--seed N] [--tables N] [--whole]
// Ends with 1 when anything differed or nothing was compared. `--whole` shows failures as they were drawn, not shortened.
import { parseArgs } from 'node:util';
import { Client } from '@deltacat/client';
import { stringifyJson } from '@deltacat/contract';
import { closeEngine } from '@deltacat/io-core';
import { type ServerProcess, startServerProcess } from '../server-process.ts';
import { interchange } from './interchange.ts';
import { findPython, OfficialClient } from './official.ts';
import { noCounts, play, type Stage } from './play.ts';
import { type Failed, shrink } from './shrink.ts';
import { tellStory } from './tell.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    tables: { type: 'string', default: 'Infinity' },
    whole: { type: 'boolean', default: false },
  },
});
const seed = Number(options.seed);

const pythons = [findPython('067'), findPython('010')];
const [newest, oldest] = pythons;
if (newest === undefined || oldest === undefined) {
  console.error(
    'differential: skipped, for want of a Python with each official client; name those of 0.1.67 and 0.1.0 in DELTACAT_PYTHON and DELTACAT_PYTHON_010.',
  );
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
const server = await startServerProcess(undefined, serverSettings());
const failures = await compareAll(server, [newest, oldest]).finally(() => server.stop());
process.exit(failures === 0 ? 0 : 1);

function serverSettings(): Record<string, string> {
  const url = process.env.DELTACAT_TEST_DATABASE_URL;
  return { DELTACAT_LOG_LEVEL: 'error', ...(url && { DELTACAT_DATABASE_URL: url }) };
}

/** How many things differed; nothing compared counts, too. */
async function compareAll({ url }: ServerProcess, [newest, oldest]: [string, string]): Promise<number> {
  await using client = new Client(url);
  const official = await OfficialClient.start(newest, url);
  const older = await OfficialClient.start(oldest, url);
  const stage: Stage = { client, official, namespace: `differential_${seed}_${process.pid}`, counts: noCounts() };
  console.log(`SEED=${seed}, against deltacat-client ${official.version} and ${older.version}`);
  const differing = await interchange(stage, [official, older]);
  for (const text of differing) console.log(`\nDIFFERENT: ${text}`);
  console.log(`Every format was written and read: ${told(stage)}`);
  stage.counts = noCounts();
  const failed = await playStories(stage);
  console.log(`${stage.counts.tables} random tables were equal: ${told(stage)}`);
  await Promise.all([official.stop(), older.stop(), closeEngine()]);
  return differing.length + failed + (stage.counts.reads === 0 || stage.counts.tables === 0 ? 1 : 0);
}

async function playStories(stage: Stage): Promise<number> {
  const deadline = Date.now() + Number(options.seconds) * 1000;
  let failed = 0;
  for (let table = 0; table < Number(options.tables) && Date.now() < deadline; table += 1) {
    const story = tellStory(seed + table);
    const failure = await play(stage, story);
    if (failure === null) continue;
    failed += 1;
    const elsewhere = { ...stage, counts: noCounts() };
    show(options.whole ? { story, failure } : await shrink(elsewhere, { story, failure }));
  }
  return failed;
}

function show({ story, failure }: Failed): void {
  console.log(`\nDIFFERENT: npm run differential -- --seed ${story.seed} --tables 1`);
  console.log(`  a table ${stringifyJson(story.table)}`);
  for (const { number, step } of story.steps) console.log(`  ${number}. ${stringifyJson(step)}`);
  console.log(`At step ${failure.step}: ${failure.detail}`);
}

function told({ counts }: Stage): string {
  const { reads, rows, modelled, official_reads, deviations, writes } = counts;
  const list = (numbers: Record<string, number>) =>
    Object.entries(numbers)
      .map(([name, count]) => `\n    ${count} ${name}`)
      .join('');
  return [
    `${reads} reads of ${rows} rows, ${official_reads} of them compared with the official client, ${modelled} with the model`,
    `  writes:${list(writes)}`,
    `  not asked of the official client:${list(deviations) || ' nothing'}`,
  ].join('\n');
}
