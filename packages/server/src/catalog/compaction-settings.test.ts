import { describe, expect, test } from 'vitest';
import { compactionSettings, isDue } from './compaction-settings.ts';

const NOTHING = { records: 0, files: 0, deltas: 0, merging: 0 };
const due = (properties: object, gathered: Partial<typeof NOTHING>) =>
  isDue(compactionSettings({ ...properties }), { ...NOTHING, ...gathered });

test('a table that says nothing is balanced, with the limits of the original', () => {
  expect(compactionSettings({})).toEqual({
    level: 'balanced',
    triggers: { records: 64_000_000, files: 1_000, deltas: 100 },
  });
});

describe('a partition is due', () => {
  test('when any counter reaches its limit, and not before', () => {
    expect([due({}, { deltas: 99 }), due({}, { deltas: 100 })]).toEqual([false, true]);
    expect([due({}, { files: 999 }), due({}, { files: 1_000 })]).toEqual([false, true]);
    expect([due({}, { records: 63_999_999 }), due({}, { records: 64_000_000 })]).toEqual([false, true]);
  });

  test('never at level none, nor by a counter whose limit is 0', () => {
    expect(due({ read_optimization_level: 'none' }, { deltas: 1_000, files: 10_000 })).toBe(false);
    expect(due({ appended_delta_count_compaction_trigger: 0 }, { deltas: 1_000 })).toBe(false);
    expect(due({ appended_delta_count_compaction_trigger: 0 }, { deltas: 1_000, files: 1_000 })).toBe(true);
  });

  test('at a quarter of the limits at level moderate', () => {
    const moderate = { read_optimization_level: 'moderate', appended_delta_count_compaction_trigger: 10 };
    expect([due(moderate, { deltas: 2 }), due(moderate, { deltas: 3 })]).toEqual([false, true]);
  });

  test('by a single upsert or delete at level max, and at no other', () => {
    const levels = ['none', 'balanced', 'moderate', 'max'];
    const asked = (gathered: object) => levels.map((level) => due({ read_optimization_level: level }, gathered));
    expect(asked({ deltas: 1, merging: 1 })).toEqual([false, false, false, true]);
    expect(asked({ deltas: 1 })).toEqual([false, false, false, false]);
  });

  test('by the default limit where a table holds what is no number', () => {
    const odd = { appended_delta_count_compaction_trigger: 'often' };
    expect([due(odd, { deltas: 99 }), due(odd, { deltas: 100 })]).toEqual([false, true]);
  });
});
