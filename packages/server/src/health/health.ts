import type { Handler } from '../context.ts';
import { VERSION } from '../version.ts';

/** Answers once the store can be read. */
export const health: Handler<'health'> = async (context) => {
  await context.db.reader.selectFrom('catalogs').select('catalog_id').limit(1).executeTakeFirst();
  return { status: 'ok', version: VERSION, uptime_ms: Math.round(performance.now()) };
};
