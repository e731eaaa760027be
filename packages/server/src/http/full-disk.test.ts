import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TEST_DATABASE_URL } from '../testing/database.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { mountSmallDisk, type SmallDisk } from '../testing/small-disk.ts';

const MIB = 1_048_576;

const trial = mountSmallDisk(MIB);
trial?.unmount();

/** The rows of a write that needs space: text that does not compress. */
function rows(count: number) {
  const text = () => Array.from({ length: 50 }, () => Math.random().toString(36)).join('');
  return { data: Array.from({ length: count }, (_, id) => ({ id, text: text() })) };
}

describe.skipIf(trial === null)('a disk that takes no more (skipped where disks cannot be mounted)', () => {
  let disk: SmallDisk;
  let server: TestServer;

  /** Mounts a disk for the data, or for everything, and starts a server. */
  async function start(what: 'data' | 'store'): Promise<void> {
    const data_roots = { default: { root: join(disk.folder, 'data'), storage_type: 'local' as const } };
    const catalogs = [{ name: 'default', root: disk.folder, data_root: 'default', data_roots }];
    server = await startTestServer({ config: { catalogs }, ...(what === 'store' ? { root: disk.folder } : {}) });
  }

  beforeEach(() => {
    const mounted = mountSmallDisk(2 * MIB);
    if (!mounted) throw new Error('mounting worked before');
    disk = mounted;
  });
  afterEach(async () => {
    await server.close();
    disk.unmount();
  });

  function fill(): string {
    const file = join(disk.folder, 'filling');
    try {
      for (;;) writeFileSync(file, Buffer.alloc(4096), { flag: 'a' });
    } catch {
      return file;
    }
  }

  test('rows that it has no room for are refused with the cause, and taken once there is room', async () => {
    await start('data');
    const write = (count: number) => server.request('POST', '/v1/namespaces/n/tables/t/write', rows(count));
    const filling = fill();
    const refused = await write(1_000);
    expect([refused.status, refused.body.error.code]).toEqual([503, 'service_unavailable']);
    expect(refused.body.error.message).toMatch(/ENOSPC: no space left on device.*data\/data/);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect((await server.request('GET', '/v1/namespaces/n/tables/t')).status).toBe(404);
    rmSync(filling);
    expect((await write(10)).body).toMatchObject({ written: true, records: 10 });
  });

  test('a disk that may only be read is no different', async () => {
    await start('data');
    mkdirSync(join(disk.folder, 'data'), { recursive: true });
    disk.remount('ro');
    const refused = await server.request('POST', '/v1/namespaces/n/tables/t/write', rows(1));
    expect([refused.status, refused.body.error.code]).toEqual([503, 'service_unavailable']);
    expect(refused.body.error.message).toContain('EROFS');
  });

  const inFolder = test.skipIf(TEST_DATABASE_URL !== null);
  inFolder(
    'a change that the store has no room for is refused with what the database says (skipped where the store is elsewhere)',
    async () => {
      await start('store');
      fill();
      const answers = [];
      for (let n = 0; n < 40; n += 1) {
        answers.push(
          await server.request('POST', '/v1/namespaces', { namespace: `n${n}`, properties: { p: 'x'.repeat(9_000) } }),
        );
      }
      const refused = answers.find(({ status }) => status !== 201);
      expect([refused?.status, refused?.body.error.code]).toEqual([503, 'service_unavailable']);
      expect(refused?.body.error.message).toMatch(/database or disk is full|disk I\/O error/);
      expect((await server.request('GET', '/v1/namespaces')).status).toBe(200);
    },
  );
});
