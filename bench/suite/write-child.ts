// Run by a benchmark: writes the rows of one table to another, which are read before the clock starts, and prints how long that took.
import { Client } from '@deltacat/client';

const [url = '', from = '', to = ''] = process.argv.slice(2);
await using client = new Client(url);
const rows = await client.catalog.read({ namespace: 'bench', table: from });
const started = performance.now();
await client.catalog.write(rows, { namespace: 'bench', table: to, mode: 'append' });
console.log(JSON.stringify({ ms: performance.now() - started }));
