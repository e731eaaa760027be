import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../testing/server.ts';
import { type OpenedSession, startWriting, type Writing } from '../testing/writing.ts';

interface Arrow {
  from: string;
  call: string;
  to: string;
  answer: string;
}

const page = readFileSync(new URL('../../../../docs/states/write-session.md', import.meta.url), 'utf8');
const ARROWS: Arrow[] = [...page.matchAll(/^\| (\S+) \| (.+?) \| (\S+) \| (.+?) \|$/gm)]
  .map(([, from = '', call = '', to = '', answer = '']) => ({ from, call, to, answer }))
  .filter(({ from }) => from !== 'from' && from !== '-');

/** What the walk knows of its session. */
interface Walked {
  w: Writing;
  clock: ManualClock;
  session: OpenedSession;
  version: number;
  entries: unknown[];
  /** How many commits were sent; each but a repetition has an operation id of its own. */
  sent: number;
  /** The operation id of the commit that succeeded. */
  committed_as: string;
}

type Step = (walked: Walked, version: number) => Promise<{ status: number; body: { error?: { code: string } } } | null>;

const post = ({ w, session }: Walked, call: string, body: object) =>
  w.post(`/v1/write-sessions/${session.session_id}/${call}`, body);

function commitAs(walked: Walked, session_version: number, operation_id: string) {
  return post(walked, 'commit', { session_version, entries: walked.entries, operation_id });
}

const STEPS: Record<string, Step> = {
  heartbeat: (walked, session_version) => post(walked, 'heartbeat', { session_version }),
  commit: async (walked, session_version) => {
    walked.sent += 1;
    const answer = await commitAs(walked, session_version, `op-${walked.sent}`);
    if (answer.status === 200) walked.committed_as = `op-${walked.sent}`;
    return answer;
  },
  'commit, same operation id and entries': (walked, session_version) =>
    commitAs(walked, session_version, walked.committed_as),
  abort: (walked, session_version) => post(walked, 'abort', { session_version }),
  'time runs out': async ({ clock }) => {
    clock.advanceSeconds(3_601);
    return null;
  },
};

async function look({ w, session }: Walked): Promise<{ status: string; session_version: number }> {
  return (await w.server.request('GET', `/v1/write-sessions/${session.session_id}`)).body;
}

async function walkOne(walked: Walked, arrow: Arrow): Promise<void> {
  const isStale = arrow.call.endsWith(', stale version');
  const step = STEPS[arrow.call.replace(', stale version', '')];
  const answer = await step?.(walked, isStale ? walked.version + 7 : walked.version);
  const said = answer ? [answer.status, answer.body.error?.code].filter(Boolean).join(' ') : '-';
  expect(`${arrow.from}, ${arrow.call}: ${said}`).toBe(`${arrow.from}, ${arrow.call}: ${arrow.answer}`);
  const { status, session_version } = await look(walked);
  expect(status).toBe(arrow.to);
  walked.version = session_version;
}

test('the table of states names every call in every state', () => {
  const calls = (state: string) =>
    new Set(ARROWS.filter(({ from }) => from === state).map(({ call }) => call.split(',')[0]));
  for (const state of ['OPEN', 'COMMITTED', 'ABORTED', 'EXPIRED']) {
    expect([...calls(state)].sort(), state).toEqual(['abort', 'commit', 'heartbeat', 'time runs out']);
  }
});

test('a session goes through its states as the table says, and only a commit makes its files visible', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const clock = new ManualClock();
  const w = await startWriting(clock);
  await w.createTable('t');
  let committed = 0;
  const walk = async (choices: number[]) => {
    const session = await w.open('t', { mode: 'append' });
    const entries = [await w.put(session.data_dir, [{ id: 1n, v: 'a' }])];
    const walked: Walked = { w, clock, session, version: 1, entries, sent: 0, committed_as: '' };
    let state = 'OPEN';
    for (const choice of choices) {
      const possible = ARROWS.filter(({ from }) => from === state);
      // The number is below the number of arrows that it is taken of.
      const arrow = possible[choice % possible.length] as Arrow;
      await walkOne(walked, arrow);
      state = arrow.to;
    }
    if (state === 'COMMITTED') committed += 1;
    expect(await w.totals('t')).toEqual({ records: committed, files: committed, deltas: committed });
  };
  const choices = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 8 });
  await fc.assert(fc.asyncProperty(choices, walk), { numRuns: 60, seed, endOnFailure: true });
  await w.close();
});
