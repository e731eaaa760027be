import { z } from 'zod';
import type { Handler } from '../context.ts';
import { closePage, openPage } from '../snapshots/paging.ts';
import { listCommits } from './commit-log.ts';
import { describeCommits } from './describe-commits.ts';

/** Lists the commits of a catalog, the newest first, and what each changed. */
export const listCatalogHistory: Handler<'list_catalog_history'> = async (context, input) => {
  const { reader } = context.db;
  const named = { ...input, catalog: input.catalog_name };
  const asked = await openPage(context, { op: 'list_catalog_history', input: named, key: z.int() });
  const { view, after } = asked;
  const found = await listCommits(reader, view, { before: after, limit: input.limit + 1 });
  const page = closePage(asked, found, ({ seq }) => seq);
  const log = { catalog_id: view.catalog_id, commits: page.answer, objects: null };
  return { ...page, answer: await describeCommits(reader, log) };
};
