import { DeltacatError, stringifyJson } from '@deltacat/contract';
import type { Properties } from '../db/tables.ts';

/** Properties that the server and its clients act on, with the words that they may hold. */
const WORDS: Record<string, readonly string[]> = {
  read_optimization_level: ['none', 'balanced', 'moderate', 'max'],
  schema_evolution_mode: ['auto', 'manual', 'disabled'],
  default_schema_consistency_type: ['none', 'coerce', 'validate'],
};

/** Properties that are whole numbers, with the least of each. Python clients send them as numbers or as their digits. */
const NUMBERS: Record<string, number> = {
  records_per_compacted_file: 1,
  appended_record_count_compaction_trigger: 0,
  appended_file_count_compaction_trigger: 0,
  appended_delta_count_compaction_trigger: 0,
};

/**
 * The properties after a change: null removes one, those not named stay. Words that the server acts on are stored in
 * lower case, and numbers as numbers, so that nobody has to compare them twice. Throws `invalid_request` for what such a
 * property cannot be.
 */
export function mergeProperties(before: Properties, changes: Properties | null | undefined): Properties {
  const merged = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(changes ?? {})) {
    if (value === null || value === undefined) merged.delete(name);
    else merged.set(name, knownNumber(name, knownWord(name, value)));
  }
  return Object.fromEntries(merged);
}

function knownWord(name: string, value: unknown): unknown {
  const words = Object.hasOwn(WORDS, name) ? WORDS[name] : undefined;
  if (!words) return value;
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  if (words.includes(word)) return word;
  throw new DeltacatError(
    'invalid_request',
    `Property "${name}" cannot be ${stringifyJson(value)}. Use one of: ${words.join(', ')}.`,
    { property: name },
  );
}

function knownNumber(name: string, value: unknown): unknown {
  const least = Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined;
  if (least === undefined) return value;
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least) return number;
  throw new DeltacatError(
    'invalid_request',
    `Property "${name}" cannot be ${stringifyJson(value)}. It is a whole number, ${least} or more.`,
    { property: name },
  );
}
