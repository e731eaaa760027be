import { keyText } from '@deltacat/contract';
import { z } from 'zod';
import type { Handler } from '../context.ts';
import { listDroppedIn } from '../snapshots/dropped.ts';
import { closePage, openPage } from '../snapshots/paging.ts';

/** Lists the namespaces and tables that were dropped and not brought back, the one dropped last first. */
export const listDropped: Handler<'list_dropped'> = async (context, input) => {
  const key = z.tuple([z.int(), keyText]);
  const asked = await openPage(context, { op: 'list_dropped', input, key });
  const { view, after } = asked;
  const found = await listDroppedIn(context.db.reader, view, { after, limit: input.limit + 1 });
  const page = closePage(asked, found, ({ seq, id }): [number, string] => [seq, id]);
  const answer = page.answer.map(({ id, name, committed_at_ns, ...dropped }) => ({
    ...dropped,
    table: dropped.kind === 'table' ? name : null,
    table_id: dropped.kind === 'table' ? id : null,
    dropped_at_ns: committed_at_ns,
  }));
  return { ...page, answer };
};
