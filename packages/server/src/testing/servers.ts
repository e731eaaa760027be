import { startTestServer, type TestServer } from './server.ts';

/** The servers that one store can have: one, where it is a folder of SQLite. The first owns what they share. */
export async function startServers(): Promise<TestServer[]> {
  return [await startTestServer()];
}
