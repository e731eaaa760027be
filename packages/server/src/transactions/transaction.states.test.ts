import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Random, seededRandom } from '../testing/random.ts';
import { ManualClock, startTestServer, type TestAnswer, type TestServer } from '../testing/server.ts';
import { expireTransactions } from './expire.ts';

interface Arrow {
  from: string;
  call: string;
  to: string;
  answer: string;
}

const page = readFileSync(new URL('../../../../docs/states/transaction.md', import.meta.url), 'utf8');
const ARROWS: Arrow[] = [...page.matchAll(/^\| (\S+) \| (.+?) \| (\S+) \| (.+?) \|$/gm)]
  .map(([, from = '', call = '', to = '', answer = '']) => ({ from, call, to, answer }))
  .filter(({ from }) => from !== 'from' && from !== '-');

/** What the walk knows of its transaction. */
interface Walked {
  server: TestServer;
  clock: ManualClock;
  transaction_id: string;
  /** The version that it is at. */
  version: number;
  /** The namespaces that were made in it. */
  made: string[];
  random: Random;
}

type Step = (walked: Walked, transaction_version: number) => Promise<TestAnswer | null>;

const end = (how: string): Step => {
  return ({ server, transaction_id }, transaction_version) =>
    server.request('POST', `/v1/transactions/${transaction_id}/${how}`, { transaction_version });
};

const within = ({ transaction_id }: Walked, transaction_version: number) =>
  `transaction_id=${transaction_id}&transaction_version=${transaction_version}`;

/** Makes a namespace whose name nobody else has. */
const change: Step = async (walked, version) => {
  const namespace = `${walked.transaction_id.replaceAll('-', '_')}_${walked.made.length}`;
  const answer = await walked.server.request('POST', `/v1/namespaces?${within(walked, version)}`, { namespace });
  if (answer.status === 201) walked.made.push(namespace);
  return answer;
};

const STEPS: Record<string, Step> = {
  change,
  read: (walked, version) => walked.server.request('GET', `/v1/namespaces?${within(walked, version)}`),
  heartbeat: end('heartbeat'),
  commit: end('commit'),
  abort: end('abort'),
  'commit, lost to another': async (walked, version) => {
    await change(walked, version);
    // Of two that make one name, the second loses.
    const namespace = walked.made.pop();
    expect((await walked.server.request('POST', '/v1/namespaces', { namespace })).status).toBe(201);
    return STEPS.commit?.(walked, version + 1) ?? null;
  },
  'time runs out': async ({ clock, server, random }) => {
    clock.advanceSeconds(3_601);
    // The loop may come before anyone asks, or not.
    if (random.below(2) === 0) await expireTransactions(server.context);
    return null;
  },
};

function stepOf({ call }: Arrow, version: number): [Step | undefined, number] {
  const sent = { ', stale version': version - 1, ', version to come': version + 7 };
  const suffix = Object.keys(sent).find((ending) => call.endsWith(ending)) as keyof typeof sent | undefined;
  return suffix ? [STEPS[call.replace(suffix, '')], sent[suffix]] : [STEPS[call], version];
}

async function walkOne(walked: Walked, arrow: Arrow): Promise<void> {
  const { server, transaction_id } = walked;
  const [step, version] = stepOf(arrow, walked.version);
  if (!step) throw new Error(`the walk has no step for "${arrow.call}"`);
  const answer = await step(walked, version);
  const said = answer ? [answer.status, answer.body.error?.code].filter(Boolean).join(' ') : '-';
  expect(`${arrow.from}, ${arrow.call}: ${said}`).toBe(`${arrow.from}, ${arrow.call}: ${arrow.answer}`);
  const { body } = await server.request('GET', `/v1/transactions/${transaction_id}`);
  expect(body.status).toBe(arrow.to === 'LOST' ? 'ABORTED' : arrow.to);
  // Only changes and the end of a transaction raise its version.
  const raises = (arrow.call === 'change' && arrow.from === 'RUNNING') || arrow.from !== arrow.to;
  if (!raises) expect(body.transaction_version).toBe(walked.version);
  walked.version = body.transaction_version;
}

/** A transaction that is expired by its time gets its last version when a loop writes that down. */
async function settle(walked: Walked, state: string): Promise<void> {
  if (state !== 'EXPIRED') return;
  await expireTransactions(walked.server.context);
  const { body } = await walked.server.request('GET', `/v1/transactions/${walked.transaction_id}`);
  walked.version = body.transaction_version;
}

test('the table of states names every call in every state', () => {
  const calls = (state: string) =>
    new Set(ARROWS.filter(({ from }) => from === state).map(({ call }) => call.split(',')[0]));
  for (const state of ['RUNNING', 'COMMITTED', 'ABORTED', 'LOST', 'EXPIRED']) {
    const all = ['abort', 'change', 'commit', 'heartbeat', 'read', 'time runs out'];
    expect([...calls(state)].sort(), state).toEqual(all);
  }
});

test('a transaction goes through its states as the table says, and only a commit makes its changes visible', async () => {
  const random = seededRandom();
  const { seed } = random;
  const clock = new ManualClock();
  const server = await startTestServer({ clock });
  const walk = async (choices: number[]) => {
    const begun = await server.request('POST', '/v1/transactions', {});
    const { transaction_id, transaction_version: version } = begun.body;
    const walked: Walked = { server, clock, transaction_id, version, made: [], random };
    // So that there is a version before.
    await walkOne(walked, ARROWS.find(({ call }) => call === 'change') as Arrow);
    let state = 'RUNNING';
    for (const choice of choices) {
      const possible = ARROWS.filter(({ from }) => from === state);
      // The number is below the number of arrows that it is taken of.
      const arrow = possible[choice % possible.length] as Arrow;
      await walkOne(walked, arrow);
      await settle(walked, arrow.to);
      state = arrow.to;
    }
    for (const namespace of walked.made) {
      const { status } = await server.request('GET', `/v1/namespaces/${namespace}`);
      expect(status, `a namespace of a transaction that is ${state}`).toBe(state === 'COMMITTED' ? 200 : 404);
    }
  };
  const choices = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 8 });
  await fc.assert(fc.asyncProperty(choices, walk), { numRuns: 100, seed, endOnFailure: true });
  await server.close();
});
