import { afterEach, expect, test, vi } from 'vitest';
import { OddStore } from '../testing/odd-store.ts';
import { vendedAccess } from './vended-access.ts';

afterEach(() => vi.unstubAllEnvs());

test('an answer that leaves everyone to keys of their own is read by those', async () => {
  await using store = new OddStore(new Uint8Array(8));
  const endpoint_url = await store.start();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'my-own');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'my-own-secret');
  const access = vendedAccess({
    data_roots: { one: { root: 's3://b/one', endpoint_url, binding_id: 'b1', binding_revision: 1 } },
    storage_bindings: { b1: { endpoint_url, binding_revision: 1 } },
    credentials: { 'b1@1': { type: 'host_default_chain', resolver: 'host_default_chain' } },
  });
  await access.open('s3://b/one/x').read('s3://b/one/x');
  expect(store.requests.map(({ key_id }) => key_id)).toEqual(['my-own']);
});
