// Run by reading.ts: reads a table through the client, in whole, and prints its rows, and the time and the memory that it took.
import { Client } from '@deltacat/client';

const [url = '', table = ''] = process.argv.slice(2);
await using client = new Client(url);
// The engine is loaded before the clock starts, as those of the others are.
await import('@deltacat/io-core');
const started = performance.now();
const { numRows: rows } = await client.catalog.read({ namespace: 'bench', table });
const ms = performance.now() - started;
console.log(JSON.stringify({ rows, ms, peak_mb: process.resourceUsage().maxRSS / 1_024 }));
