import { DeltacatError } from '@deltacat/contract';
import type { Properties } from '../db/tables.ts';

/** Properties that the server and its clients act on, with the words that they may hold. */
const WORDS: Record<string, readonly string[]> = {
  read_optimization_level: ['none', 'balanced', 'moderate', 'max'],
  schema_evolution_mode: ['auto', 'manual', 'disabled'],
  default_schema_consistency_type: ['none', 'coerce', 'validate'],
};

/**
 * The properties after a change: null removes one, those not named stay. Words that the server acts on are stored in
 * lower case, so that nobody has to compare them twice. Throws `invalid_request` for a word that it does not know.
 */
export function mergeProperties(before: Properties, changes: Properties | null | undefined): Properties {
  const merged = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(changes ?? {})) {
    if (value === null || value === undefined) merged.delete(name);
    else merged.set(name, knownWord(name, value));
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
    `Property "${name}" cannot be ${JSON.stringify(value)}. Use one of: ${words.join(', ')}.`,
    { property: name },
  );
}
