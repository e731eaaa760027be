import { type Failure, play, type Stage } from './play.ts';
import type { Step, Story } from './story.ts';

/** A story that goes wrong, and where. */
export interface Failed {
  story: Story;
  failure: Failure;
}

/** Enough for most; on a busy machine a table takes seconds. */
const PLAYS_MAX = 60;
const TIME_MAX_MS = 30_000;

/** Leaves out steps, and rows of them, as long as the story still goes wrong in the same way. */
export async function shrink(stage: Stage, { story, failure }: Failed): Promise<Failed> {
  let failed: Failed = {
    story: { ...story, steps: story.steps.filter(({ number }) => number <= failure.step) },
    failure,
  };
  const deadline = Date.now() + TIME_MAX_MS;
  let plays = 0;
  for (let shorter = true; shorter; ) {
    shorter = false;
    for (const candidate of candidates(failed.story)) {
      plays += 1;
      if (plays > PLAYS_MAX || Date.now() > deadline) return failed;
      const found = await play(stage, candidate);
      if (found?.kind !== failure.kind || (found.kind === 'error' && !sameError(found, failure))) continue;
      failed = { story: candidate, failure: found };
      shorter = true;
      break;
    }
  }
  return failed;
}

function sameError(one: Failure, other: Failure): boolean {
  return one.detail.slice(0, 40) === other.detail.slice(0, 40);
}

function* candidates(story: Story): Generator<Story> {
  for (const { number, step } of story.steps.slice(0, -1)) {
    // Later rows are of the columns that these make.
    if (step.do === 'add_column' || step.do === 'widen') continue;
    yield { ...story, steps: story.steps.filter((step) => step.number !== number) };
  }
  for (const { number, step } of story.steps) {
    for (const smaller of smallerSteps(step)) {
      yield { ...story, steps: story.steps.map((one) => (one.number === number ? { number, step: smaller } : one)) };
    }
  }
}

function smallerSteps(step: Step): Step[] {
  if (step.do === 'read') return step.columns === undefined ? [] : [{ ...step, columns: undefined }];
  if (step.do !== 'write' || step.rows.rows.length < 2) return [];
  const { columns, rows } = step.rows;
  const middle = Math.floor(rows.length / 2);
  return [rows.slice(middle), rows.slice(0, middle)].map((part) => ({ ...step, rows: { columns, rows: part } }));
}
