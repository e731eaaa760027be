import type { Properties } from '../db/tables.ts';

/** How much reading is to be spared merging, from never to always. */
export type ReadOptimizationLevel = 'none' | 'balanced' | 'moderate' | 'max';

/** What a partition has gathered since it was last compacted. */
export interface Gathered {
  records: number;
  files: number;
  deltas: number;
}

/** When the partitions of a table version are compacted without being asked for. */
export interface CompactionSettings {
  level: ReadOptimizationLevel;
  /** What must have gathered for it; null where a number does not count. At level `none` none does. */
  triggers: { [Counter in keyof Gathered]: number | null };
}

const LEVELS: readonly ReadOptimizationLevel[] = ['none', 'balanced', 'moderate', 'max'];

/** The properties that hold the triggers, with what they are for tables that say nothing. */
const TRIGGERS = {
  records: { property: 'appended_record_count_compaction_trigger', by_default: 64_000_000 },
  files: { property: 'appended_file_count_compaction_trigger', by_default: 1_000 },
  deltas: { property: 'appended_delta_count_compaction_trigger', by_default: 100 },
} as const;

/** At this level partitions are compacted when they have gathered a quarter of the rest. */
const MODERATE_SHARE = 4;

/** The level of a table version; what its properties say wins over those of its table. */
export function readOptimizationLevel({ read_optimization_level: word }: Properties): ReadOptimizationLevel {
  return LEVELS.find((level) => level === word) ?? 'balanced';
}

/** The settings that the properties of a version and its table come to. */
export function compactionSettings(properties: Properties): CompactionSettings {
  const level = readOptimizationLevel(properties);
  const trigger = (counter: keyof Gathered): number | null => {
    const { property, by_default } = TRIGGERS[counter];
    const limit = Number(properties[property] ?? by_default);
    // Tables may be older than the rule that this is a whole number.
    const valid = Number.isSafeInteger(limit) && limit >= 0 ? limit : by_default;
    if (level === 'none' || valid === 0) return null;
    return level === 'moderate' ? Math.ceil(valid / MODERATE_SHARE) : valid;
  };
  return { level, triggers: { records: trigger('records'), files: trigger('files'), deltas: trigger('deltas') } };
}

/** Whether a partition has gathered enough to be compacted; at level `max` anything that must be merged is. */
export function isDue({ level, triggers }: CompactionSettings, gathered: Gathered & { merging: number }): boolean {
  if (level === 'max' && gathered.merging > 0) return true;
  const counters = ['records', 'files', 'deltas'] as const;
  return counters.some((counter) => {
    const limit = triggers[counter];
    return limit !== null && gathered[counter] >= limit;
  });
}
