import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { TEST_DATABASE_URL } from '../testing/database.ts';
import { startTestServer } from '../testing/server.ts';
import { listVisible } from './view.ts';

// PostgreSQL chooses by how much there is, which in a test is next to nothing.
test.skipIf(TEST_DATABASE_URL !== null)(
  'a listing reads what stands and what ended after its view, not the whole history of its parent',
  async () => {
    const server = await startTestServer();
    const { reader } = server.context.db;
    const view = { catalog_id: 'c', seq: 7 };
    const ofCatalog = reader.selectFrom('namespaces').select('name').where('catalog_id', '=', 'c');
    const ofNamespace = reader.selectFrom('tables').select('name').where('namespace_id', '=', 'n');
    const ofTable = reader.selectFrom('table_versions').select('version').where('table_id', 'in', ['t']);
    const plans = [
      listVisible(ofCatalog, view, 'namespaces').orderBy('name'),
      listVisible(ofNamespace, view, 'tables').orderBy('name'),
      listVisible(ofTable, view, 'table_versions').orderBy('version'),
    ].map((query) => query.explain<{ detail: string }>(undefined, sql`query plan`));
    const steps = (await Promise.all(plans)).map((plan) => plan.map(({ detail }) => detail).join('\n'));
    expect(steps).toEqual([
      expect.stringMatching(/namespaces_live \(catalog_id=\?.*namespaces_ended \(catalog_id=\? AND to_seq>\?/s),
      expect.stringMatching(/tables_live \(namespace_id=\?.*tables_ended \(namespace_id=\? AND to_seq>\?/s),
      expect.stringMatching(/table_versions_live \(table_id=\?.*by_table \(table_id=\? AND to_seq>\?/s),
    ]);
    await server.close();
  },
);
