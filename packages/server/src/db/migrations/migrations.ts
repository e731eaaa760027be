import { STATEMENTS as store } from './0001-store.ts';

/** Every migration in order; the store of a folder or database has applied a prefix of them. */
export const MIGRATIONS: readonly { name: string; statements: readonly string[] }[] = [
  { name: '0001-store', statements: store },
];
