import type { DatabaseSync } from 'node:sqlite';

/** How many damages are told; one is enough to know. */
const DAMAGES_MAX = 20;

/** What SQLite finds wrong with its own file, its indexes included; nothing when it is whole. */
export function listDamages(connection: DatabaseSync): string[] {
  try {
    const rows = connection.prepare(`PRAGMA integrity_check(${DAMAGES_MAX})`).all();
    const told = rows.map(({ integrity_check }) => String(integrity_check));
    return told.join() === 'ok' ? [] : told;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
