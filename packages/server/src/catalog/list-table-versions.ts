import { z } from 'zod';
import type { Handler } from '../context.ts';
import { closePage, openPage } from '../snapshots/paging.ts';
import { requireTableAt } from '../snapshots/tables.ts';
import { listVersions } from '../snapshots/versions.ts';

/** Lists the versions of a table, oldest first. */
export const listTableVersions: Handler<'list_table_versions'> = async (context, input) => {
  const asked = await openPage(context, { op: 'list_table_versions', input, key: z.int() });
  const { table } = await requireTableAt(context.db.reader, asked.view, input);
  const versions = await listVersions(context.db.reader, asked.view, table.table_id);
  const { after } = asked;
  const left = after === null ? versions : versions.filter(({ version_number }) => version_number > after);
  const page = closePage(asked, left, ({ version_number }) => version_number);
  const answer = page.answer.map(({ version, description, lifecycle_state }) => ({
    ...{ table_version: version, version, description, lifecycle_state },
  }));
  return { ...page, answer };
};
