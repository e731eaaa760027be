import { expect, test } from 'vitest';
import { startTestServer } from '../testing/server.ts';

test.each(['https://catalog.example.org', null])(
  'a server tells clients its address outside: %s',
  async (external_url) => {
    const server = await startTestServer({ config: { external_url } });
    const { status, body } = await server.request('GET', '/v1/server/endpoints');
    expect([status, body]).toEqual([200, { external_url, internal_url: null }]);
    await server.close();
  },
);
