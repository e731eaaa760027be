import { DeltacatError, type ReadPlan, type ScanTask, stringifyJson } from '@deltacat/contract';
import { AnswerText, type ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { giveWay } from '../db/give-way.ts';
import { type ManifestFile, readAllStats, readChosenFiles, readFileRange } from '../snapshots/files.ts';
import { PlanAccess } from './grant.ts';
import { PlanNames } from './names.ts';
import { type PlanAsked, type PreparedPlan, planGranted, preparePlan, type ResolvedRead } from './plan.ts';
import type { SelectedDelta } from './prune.ts';
import { type PageFiles, toScanTasks } from './scan-tasks.ts';
import type { ReadTarget } from './target.ts';
import type { TellStats } from './told-stats.ts';

/** How many files are told before other requests get their turn; a plan of no more is made at once. */
const FILES_AT_ONCE = 1_000;

/**
 * The plan of a resolved read, as text where it lists many files: that takes the memory of a thousand of them, and other
 * requests are answered meanwhile. It is of one state all the same: which deltas it has is known before it begins, and their
 * files never change.
 */
export async function answerPlan(
  context: ServerContext,
  read: ResolvedRead,
  asked: PlanAsked,
): Promise<ReadPlan | AnswerText> {
  const files = read.deltas.reduce((sum, delta) => sum + delta.files, 0);
  if (!asked.include_files || Math.min(files, asked.max_files ?? files) <= FILES_AT_ONCE) {
    return planGranted(context, read, asked);
  }
  const telling = { names: new PlanNames(), access: new PlanAccess(context, read.catalog) };
  return new AnswerText(
    planText(context.db.reader, read.target, { ...(await preparePlan(context, read, asked)), ...telling }),
  );
}

async function* planText(queries: Queries, target: ReadTarget, plan: PreparedPlan & Telling): AsyncGenerator<string> {
  let before = `${stringifyJson(plan.head).slice(0, -1)},"scan_tasks":[`;
  for (const run of runsOf(plan.page.deltas)) {
    for await (const text of runText(queries, run, plan)) {
      yield before + text;
      before = '';
      await giveWay();
    }
    before = ',';
  }
  const described = { ...(await plan.names.find(queries, target)), ...(await plan.access.envelope()) };
  const end = `],${stringifyJson(described).slice(1)}`;
  yield before === ',' ? end : before + end;
}

/** Deltas in runs of so many files; one that has more is a run of its own. */
function* runsOf(deltas: readonly SelectedDelta[]): Generator<SelectedDelta[]> {
  let run: SelectedDelta[] = [];
  let files = 0;
  for (const delta of deltas) {
    if (run.length > 0 && files + delta.files > FILES_AT_ONCE) {
      yield run;
      [run, files] = [[], 0];
    }
    run.push(delta);
    files += delta.files;
  }
  if (run.length > 0) yield run;
}

/** What is gathered from the tasks while they are told. */
interface Telling {
  names: PlanNames;
  access: PlanAccess;
  tell: TellStats | null;
}

async function* runText(queries: Queries, run: SelectedDelta[], telling: Telling): AsyncGenerator<string> {
  const ids = [...new Set(run.map(({ manifest_id }) => manifest_id))];
  const stats = telling.tell && { of: await readAllStats(queries, ids), tell: telling.tell };
  const [first] = run;
  if (first && run.length === 1 && first.files > FILES_AT_ONCE) {
    yield* deltaText(queries, first, { ...telling, stats });
    return;
  }
  const texts: string[] = [];
  for (const task of tasksOf(run, { files: await readChosenFiles(queries, run), stats })) {
    telling.names.note(task);
    texts.push(stringifyJson(await telling.access.refer(task)));
  }
  yield texts.join(',');
}

/** One task with more files than are told at once. */
async function* deltaText(
  queries: Queries,
  delta: SelectedDelta,
  { names, access, stats }: Telling & Pick<PageFiles, 'stats'>,
): AsyncGenerator<string> {
  for (let start = 0; start < delta.files; start += FILES_AT_ONCE) {
    const some = sliceOf(delta, start, Math.min(delta.files, start + FILES_AT_ONCE));
    const range = { first: some.ordinals[0] ?? 0, last: some.ordinals.at(-1) ?? 0 };
    const files = new Map<string, ManifestFile[]>([
      [delta.manifest_id, await readFileRange(queries, delta.manifest_id, range)],
    ]);
    const [task] = tasksOf([some], { files, stats });
    if (!task) continue;
    names.note(task);
    const { files: told, ...rest } = await access.refer(task);
    const text = told.map((file) => stringifyJson(file)).join(',');
    yield start === 0 ? `${stringifyJson(rest).slice(0, -1)},"files":[${text}` : `,${text}`;
  }
  yield ']}';
}

function sliceOf(delta: SelectedDelta, from: number, to: number): SelectedDelta & { ordinals: number[] } {
  const ordinals = delta.ordinals?.slice(from, to) ?? Array.from({ length: to - from }, (_, index) => from + index);
  return { ...delta, ordinals, files: ordinals.length };
}

/** The tasks of deltas, whose files must all be there: a plan without some would look like a whole one. */
function tasksOf(deltas: SelectedDelta[], files: PageFiles): ScanTask[] {
  const tasks = toScanTasks(deltas, files);
  const lacking = deltas.find((delta, index) => tasks[index]?.files.length !== delta.files);
  if (!lacking) return tasks;
  throw new DeltacatError(
    'concurrent_modification',
    `Files of delta ${lacking.position} in partition ${lacking.partition_id} are gone from the catalog while they were planned. Plan the read again.`,
  );
}
