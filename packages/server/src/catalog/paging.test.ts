import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PLAIN, startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;
beforeEach(async () => {
  w = await startWriting();
});
afterEach(() => w.close());

const TOKEN = 'x-deltacat-next-token';
const TABLES = '/v1/namespaces/n/tables';

const get = (path: string) => w.server.request('GET', path);
const names = (items: { name?: string; version?: string }[]) => items.map(({ name, version }) => name ?? version);

/** Every page of a listing from one on; `between` runs before each further page. */
async function pages(path: string, between: () => Promise<unknown> = async () => {}): Promise<unknown[][]> {
  const found: unknown[][] = [];
  let next: string | null = null;
  do {
    if (next !== null) await between();
    const answer = await get(next === null ? path : `${path}&next_token=${next}`);
    expect(answer.status).toBe(200);
    found.push(names(answer.body));
    next = answer.headers.get(TOKEN);
  } while (next !== null);
  return found;
}

async function makeTables(...tables: string[]): Promise<void> {
  for (const table of tables) await w.createTable(table, { schema_def: PLAIN });
}

async function refusal(path: string) {
  const { status, body } = await get(path);
  return [status, body.error?.code];
}

describe('pages', () => {
  test('namespaces, tables and versions come in pages of the size asked for, whole without one', async () => {
    for (const namespace of ['a', 'b', 'c', 'd']) await w.post('/v1/namespaces', { namespace });
    await makeTables('t', 'u', 'v');
    for (const table_version of ['2', '3']) await w.createTable('t', { schema_def: PLAIN, table_version });
    expect(await pages('/v1/namespaces?limit=2')).toEqual([['a', 'b'], ['c', 'd'], ['n']]);
    expect(await pages(`${TABLES}?limit=2`)).toEqual([['t', 'u'], ['v']]);
    expect(await pages(`${TABLES}/t/versions?limit=1`)).toEqual([['1'], ['2'], ['3']]);
    const whole = await get('/v1/namespaces');
    expect([names(whole.body), whole.headers.get(TOKEN)]).toEqual([['a', 'b', 'c', 'd', 'n'], null]);
  });

  test('a page that ends with the listing has no token', async () => {
    await makeTables('t', 'u');
    expect(await pages(`${TABLES}?limit=2`)).toEqual([['t', 'u']]);
    expect(await pages('/v1/namespaces?limit=10000')).toEqual([['n']]);
  });

  test('tables that are made, dropped and renamed meanwhile change no page: all are of one moment', async () => {
    await makeTables('b', 'd', 'f', 'h');
    const changes = [
      () => makeTables('a', 'c'),
      () => w.server.request('DELETE', `${TABLES}/f`),
      () => w.post(`${TABLES}/h/rename?new_name=a2`),
    ];
    expect(await pages(`${TABLES}?limit=1`, async () => changes.shift()?.())).toEqual([['b'], ['d'], ['f'], ['h']]);
    expect(names((await get(TABLES)).body)).toEqual(['a', 'a2', 'b', 'c', 'd']);
  });

  test('the versions of a table go on under its old name when it is renamed meanwhile', async () => {
    await makeTables('t');
    await w.createTable('t', { schema_def: PLAIN, table_version: '2' });
    const rename = () => w.post(`${TABLES}/t/rename?new_name=x`);
    expect(await pages(`${TABLES}/t/versions?limit=1`, rename)).toEqual([['1'], ['2']]);
  });

  test('as_of lists what there was, page by page', async () => {
    await makeTables('t', 'u');
    const { body } = await w.write('t', [{ id: 1, v: 'a' }], 'append');
    await makeTables('a');
    await w.server.request('DELETE', `${TABLES}/u`);
    expect(await pages(`${TABLES}?limit=1&as_of=${body.committed_at_ns}`)).toEqual([['t'], ['u']]);
    expect(await pages(`${TABLES}?as_of=${body.committed_at_ns}`)).toEqual([['t', 'u']]);
  });
});

describe('refusals', () => {
  test('a token of another listing, or none at all, is refused', async () => {
    await makeTables('t', 'u', 'v');
    const token = (await get(`${TABLES}?limit=1`)).headers.get(TOKEN) ?? '';
    expect(await refusal(`${TABLES}?limit=2&next_token=${token}`)).toEqual([200, undefined]);
    await w.post('/v1/namespaces', { namespace: 'm' });
    const now = (await get('/v1/catalogs/default')).body.committed_at_ns;
    const foreign = [
      `/v1/namespaces?next_token=${token}`,
      `/v1/namespaces/m/tables?next_token=${token}`,
      `${TABLES}?as_of=${now}&next_token=${token}`,
      `${TABLES}/t/versions?next_token=${token}`,
      `${TABLES}?next_token=x`,
      `${TABLES}?next_token=${token.slice(0, -3)}`,
      `${TABLES}?next_token=${Buffer.from('["x",1,"t"]').toString('base64url')}`,
    ];
    for (const path of foreign) expect([path, ...(await refusal(path))]).toEqual([path, 400, 'invalid_request']);
  });

  test('a token that claims a state to come, or a key of another type, is refused', async () => {
    await makeTables('t', 'u', 'v');
    const token = (await get(`${TABLES}?limit=1`)).headers.get(TOKEN) ?? '';
    const [listing, seq] = JSON.parse(Buffer.from(token, 'base64url').toString());
    for (const forged of [
      [listing, seq + 1, 't'],
      [listing, -1, 't'],
      [listing, seq, 1],
      [listing, seq],
    ]) {
      const text = Buffer.from(JSON.stringify(forged)).toString('base64url');
      expect(await refusal(`${TABLES}?next_token=${text}`)).toEqual([400, 'invalid_request']);
    }
  });

  test('a page of no items, or of more than there may be, is refused', async () => {
    for (const limit of ['0', '-1', '10001', '1.5', 'x']) {
      expect([limit, ...(await refusal(`/v1/namespaces?limit=${limit}`))]).toEqual([limit, 422, 'invalid_input']);
    }
  });
});
