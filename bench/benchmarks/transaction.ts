import { mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import { Client } from '@deltacat/client';
import { type Benchmark, type Contender, inTurns, OURS, timed } from '../suite/benchmark.ts';
import { PEERS } from '../suite/peers.ts';
import { scratch } from '../suite/scratch.ts';
import { makeTable, ROWS_PER_APPEND, withServer, writeFiles } from '../suite/server.ts';

const TABLES = 10;

/** One transaction over several tables. */
export const transaction: Benchmark = {
  title: 'A transaction over ten tables',
  about:
    'One transaction that appends 1,000 rows to each of ten tables, all or nothing: ours by the TypeScript client over HTTP, registering files ' +
    'that are there, DuckLake by INSERT in its process, which writes them. delta-rs and PyIceberg have no transactions over tables.',
  async run(setting) {
    using folder = scratch();
    return await withServer(async ({ url }) => {
      await using client = new Client(url);
      const contenders: Record<string, Contender> = {
        async [OURS]() {
          const tables = Array.from({ length: TABLES }, () => basename(folder.next('t')));
          for (const table of tables) await makeTable(url, table);
          const files = await writeFiles(folder.next('files'), TABLES);
          return timed(() =>
            client.transaction(async (change) => {
              for (const [index, table] of tables.entries()) {
                const { path, content_length } = files[index] ?? { path: '', content_length: 0 };
                const entries = [{ path, content_length, record_count: ROWS_PER_APPEND }];
                await client.catalog.commit({
                  namespace: 'bench',
                  table,
                  mode: 'append',
                  entries,
                  transaction: change,
                });
              }
            }),
          );
        },
      };
      const lake = setting.peers.names.includes('DuckLake') ? setting.peers.start(PEERS.DuckLake) : null;
      if (lake) {
        contenders.DuckLake = async () => {
          const path = folder.next('lake');
          mkdirSync(path);
          const tables = Array.from({ length: TABLES }, (_, index) => `t${index}`);
          await lake.ask('open', { folder: path });
          await lake.ask('create', { tables });
          return Number(await lake.ask('transaction', { tables, size: ROWS_PER_APPEND })) * 1_000;
        };
      }
      try {
        const samples = await inTurns(contenders, setting.runs);
        return [
          {
            case: 'Begin, ten appends, commit',
            unit: 'ms',
            better: 'less',

            samples,
          },
        ];
      } finally {
        await lake?.stop();
      }
    });
  },
};
