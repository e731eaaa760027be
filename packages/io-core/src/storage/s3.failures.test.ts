import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { between, OddStore, type RightAnswer, refusal, SHORT_PATIENCE } from '../testing/odd-store.ts';
import { type S3Options, s3Storage } from './s3.ts';

const SECRET = 'the-secret-of-the-test';
const KEYS = { access_key_id: 'first-key', secret_access_key: SECRET, session_token: `${SECRET}-token` };
const PATH = 's3://bucket/folder/a b.bin';
const BYTES = new Uint8Array(200_000).map((_, index) => index % 251);

let store: OddStore;
let endpoint_url: string;

beforeEach(async () => {
  store = new OddStore(BYTES);
  endpoint_url = await store.start();
});
afterEach(() => store[Symbol.asyncDispose]());

const open = (options: S3Options = {}) =>
  s3Storage({ endpoint_url, region: 'us-east-1', keys: KEYS, patience: SHORT_PATIENCE, ...options });

/** What a read fails with, once it was seen to tell no secret. */
async function failureOf(read: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await read.then(
    () => expect.unreachable('the read must fail'),
    (failed: unknown) => failed,
  );
  const told = [error, (error as Error).cause].map((each) => `${(each as Error)?.stack} ${JSON.stringify(each)}`); // any shape
  expect(told.join()).not.toContain(SECRET);
  expect(error).toMatchObject({ message: expect.stringContaining(PATH) });
  return error as { code: string; message: string }; // of the shape that was just looked at
}

const head = (answer: RightAnswer, response: ServerResponse) => response.writeHead(answer.status, answer.headers);

const stalls = (answer: RightAnswer, response: ServerResponse) =>
  void head(answer, response).write(answer.body.subarray(0, answer.body.byteLength / 2));
const resets = (answer: RightAnswer, response: ServerResponse) =>
  void head(answer, response).write(answer.body.subarray(0, 40_000), () => response.socket?.resetAndDestroy());
const drips = (answer: RightAnswer, response: ServerResponse) => {
  head(answer, response);
  let at = 0;
  const timer = setInterval(() => response.write(answer.body.subarray(at, ++at)), 50);
  response.once('close', () => clearInterval(timer));
};
const isSilent = () => {};
const ends = (answer: RightAnswer, response: ServerResponse) => {
  const body = answer.body.subarray(0, answer.body.byteLength - 10);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(body.byteLength) });
  response.end(body);
};
const promisesMore = (answer: RightAnswer, response: ServerResponse) => {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(answer.body.byteLength + 10) });
  response.write(answer.body, () => response.socket?.end());
};
const sendsAnotherPart = (answer: RightAnswer, response: ServerResponse) => {
  const range = `bytes 0-${answer.body.byteLength - 1}/${BYTES.byteLength}`;
  response.writeHead(answer.status, { ...answer.headers, 'content-range': range });
  response.end(answer.body);
};
const says = (status: number, code: string) => (_answer: RightAnswer, response: ServerResponse) => {
  const refused = refusal(status, code);
  head(refused, response).end(refused.body);
};

describe.each([
  ['stalls in the middle', stalls],
  ['is reset in the middle', resets],
  ['drips', drips],
  ['does not come', isSilent],
  ['ends early', ends],
  ['is shorter than it says', promisesMore],
  ['is of another part', sendsAnotherPart],
  ['is SlowDown', says(503, 'SlowDown')],
  ['is an internal error', says(500, 'InternalError')],
])('an answer that %s', (_title, odd) => {
  test('is asked for again, and the read is whole', async () => {
    store.oddity = between(0, 1, odd);
    expect(await open().readRange(PATH, 1_000, 150_000)).toEqual(BYTES.subarray(1_000, 151_000));
    expect(store.requests.length).toBeGreaterThan(1);
  });

  test('every time fails the read as what may be tried again, after a few attempts', async () => {
    store.oddity = between(0, Number.POSITIVE_INFINITY, odd);
    const { code, message } = await failureOf(open().readRange(PATH, 1_000, 150_000));
    expect(code).toBe('service_unavailable');
    expect(message).toContain(endpoint_url);
    expect(message).toContain(PATH);
    expect(store.requests.length).toBeLessThanOrEqual(SHORT_PATIENCE.attempts_max ** 2);
  });
});

test('what came before an answer broke off is kept, and the rest is asked for of the same version', async () => {
  store.oddity = between(0, 1, resets);
  expect(await open().read(PATH)).toEqual(BYTES);
  expect(store.requests).toEqual([
    expect.objectContaining({ range: 'bytes=0-', if_match: null }),
    expect.objectContaining({ range: expect.stringMatching(/^bytes=[1-9]\d*-199999$/), if_match: store.version }),
  ]);
});

test('an object that is replaced in the middle of a read fails it, and nothing is mixed', async () => {
  store.oddity = between(0, 1, (answer, response) => {
    store.version = '"two"';
    resets(answer, response);
  });
  const failure = { code: 'data_missing', message: expect.stringContaining(PATH) };
  expect(await failureOf(open().read(PATH))).toMatchObject(failure);
});

test('a version that is gone is not read', async () => {
  const remote = open().remote;
  const read = async () => {
    for await (const _ of remote?.stream(PATH, { offset: 0, length: 10, version: '"zero"' }) ?? []);
  };
  expect(await failureOf(read())).toMatchObject({ code: 'data_missing' });
});

test('an object that is gone is not_found', async () => {
  store.oddity = between(0, 9, says(404, 'NoSuchKey'));
  const failure = { code: 'not_found', message: expect.stringContaining(PATH) };
  expect(await failureOf(open().read(PATH))).toMatchObject(failure);
  expect(await open().readTail(PATH, 10)).toBeNull();
  expect(await open().size(PATH)).toBeNull();
});

test.each(['AccessDenied', 'InvalidAccessKeyId', 'SignatureDoesNotMatch'])(
  '%s says whose keys are refused',
  async (why) => {
    store.oddity = between(0, 9, says(403, why));
    const { code, message } = await failureOf(open().read(PATH));
    expect(code).toBe('storage_denied');
    expect(message).toContain(why);
    expect(message).toContain(PATH);
    expect(message).toContain('the keys that the server vended');
    expect(store.requests).toHaveLength(1);
  },
);

describe('keys that expire', () => {
  const expired = says(403, 'ExpiredToken');
  const renewed = { ...KEYS, access_key_id: 'second-key' };

  test('fail the read, saying what to do, where there are no others', async () => {
    store.oddity = between(0, 9, expired);
    const { code, message } = await failureOf(open().read(PATH));
    expect(code).toBe('storage_denied');
    expect(message).toContain('Plan again');
    expect(message).toContain(PATH);
  });

  test('are renewed once for all reads that find out, in the middle of one as well', async () => {
    let asked = 0;
    const renewKeys = async () => {
      asked += 1;
      return renewed;
    };
    store.oddity = (request, response, answer) => {
      if (request.headers.authorization?.includes('second-key')) return null;
      if (store.requests.length <= 2) resets(answer, response);
      else expired(answer, response);
      return 'answered';
    };
    const storage = open({ renewKeys });
    const found = await Promise.all([storage.read(PATH), storage.read(PATH)]);
    expect(found).toEqual([BYTES, BYTES]);
    expect(asked).toBe(1);
  });

  test('are renewed before they do, where their time is told', async () => {
    const storage = open({ keys: { ...KEYS, expires_at_ms: Date.now() + 1_000 }, renewKeys: async () => renewed });
    expect(await storage.read(PATH)).toEqual(BYTES);
    expect(new Set(store.requests.map(({ key_id }) => key_id))).toEqual(new Set(['second-key']));
  });

  test('fail the read with the reason when they cannot be renewed', async () => {
    store.oddity = between(0, 9, expired);
    const renewKeys = async () => Promise.reject(new Error('the table is gone'));
    const { code, message } = await failureOf(open({ renewKeys }).read(PATH));
    expect(code).toBe('storage_denied');
    expect(message).toContain('the table is gone');
    expect(message).toContain(PATH);
  });

  test('fail the read when the new ones are expired as well', async () => {
    store.oddity = between(0, 9, expired);
    expect(await failureOf(open({ renewKeys: async () => renewed }).read(PATH))).toMatchObject({
      code: 'storage_denied',
      message: expect.stringContaining(PATH),
    });
    expect(store.requests).toHaveLength(2);
  });
});

test('a store that nothing listens at is named', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  await new Promise((resolve) => server.close(resolve));
  const { code, message } = await failureOf(open({ endpoint_url: url }).read(PATH));
  expect(code).toBe('service_unavailable');
  expect(message).toContain(url);
});

test('a read that is left gives its connection back', async () => {
  const storage = open();
  store.bytes = new Uint8Array(4_000_000);
  for (let round = 0; round < 100; round++) {
    for await (const _ of storage.remote?.stream(PATH, { offset: 0, length: 4_000_000, version: null }) ?? []) break;
  }
  expect((await storage.read(PATH)).byteLength).toBe(4_000_000);
});

describe('a write', () => {
  test('that fails halfway is told as such, and names the file', async () => {
    store.oddity = between(0, 99, says(500, 'InternalError'));
    expect(await failureOf(open().write(PATH, BYTES))).toMatchObject({
      code: 'service_unavailable',
      message: expect.stringContaining(PATH),
    });
  });

  test('of a new file goes on without a condition where the store knows none', async () => {
    const asked: string[] = [];
    store.oddity = (request, response, answer) => {
      const condition = request.headers['if-none-match'];
      asked.push(`${request.method}${condition ? ` ${condition}` : ''}`);
      if (condition) says(501, 'NotImplemented')(answer, response);
      else if (request.method === 'HEAD') response.writeHead(404).end();
      else response.writeHead(200, { etag: '"new"' }).end();
      return 'answered';
    };
    const storage = open();
    await storage.writeNew(PATH, BYTES);
    await storage.writeNew(PATH, BYTES);
    expect(asked).toEqual(['PUT *', 'HEAD', 'PUT', 'HEAD', 'PUT']);
  });

  test('of a new file whose answer is lost is not taken for that of another', async () => {
    let id: unknown;
    store.oddity = (request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { 'x-amz-meta-deltacat-write': String(id) }).end();
      else if (id === undefined) {
        id = request.headers['x-amz-meta-deltacat-write'];
        response.socket?.resetAndDestroy();
      } else {
        const refused = refusal(412, 'PreconditionFailed');
        head(refused, response).end(refused.body);
      }
      return 'answered';
    };
    await open().writeNew(PATH, BYTES);
    expect(store.requests.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'HEAD']);
  });
});

test.each([
  's3://',
  's3:///key',
  's3://bucket',
  's3://bucket/',
  's3://bucket/a/../b',
  `s3://bucket/${'k'.repeat(1025)}`,
])('%s is no file', async (path) => {
  await expect(open().read(path)).rejects.toMatchObject({ code: 'invalid_entry' });
  expect(store.requests).toEqual([]);
});
