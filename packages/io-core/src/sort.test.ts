import { dirname } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { closeEngine } from './duckdb/session.ts';
import { executePlan } from './execute.ts';
import { Scratch } from './storage/scratch.ts';
import { planDeltas } from './testing/delta-plans.ts';

const scratch = new Scratch();
afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  await closeEngine();
});

test.each(['ascending', 'descending'] as const)(
  'in a merge order, NaN comes after every number, and null after it: %s',
  async (sort_order) => {
    const folder = dirname(await scratch.path(''));
    const fields = [
      { name: 'k', type: 'string' },
      { name: 'v', type: 'double' },
    ];
    const rows = [
      ['number or NaN', Number.NaN],
      ['number or NaN', 1],
      ['NaN or null', null],
      ['NaN or null', Number.NaN],
    ];
    const plan = await planDeltas({
      folder,
      fields,
      merge_keys: ['k'],
      deltas: [{ type: 'upsert', pos: 1, files: [rows] }],
    });
    plan.mor_plan = { sort_keys: [{ key: ['v'], sort_order, null_order: 'at_end' }] };
    expect(await executePlan(plan, {}).objects()).toEqual([
      { k: 'number or NaN', v: Number.NaN },
      { k: 'NaN or null', v: null },
    ]);
  },
);
