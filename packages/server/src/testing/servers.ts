import { TEST_DATABASE_URL } from './database.ts';
import { startTestServer, type TestServer } from './server.ts';

/** How many servers share a database. */
const SERVERS = 2;

/**
 * The servers that one store can have: one, where it is a folder of SQLite, and several on PostgreSQL. The first owns
 * what they share, so it is closed last.
 */
export async function startServers(): Promise<TestServer[]> {
  const first = await startTestServer();
  const { root } = first;
  const others = TEST_DATABASE_URL === null ? [] : Array.from({ length: SERVERS - 1 }, () => startTestServer({ root }));
  return [first, ...(await Promise.all(others))];
}
