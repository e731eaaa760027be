import { Client, RequestError } from '@deltacat/client';
import { type RecordBatch, Table, vectorFromArray } from 'apache-arrow';

const FLIGHTS = { namespace: 'demo', table: 'flights' };
const SOURCE = { namespace: 'demo', table: 'flights_source' };
const LOADED = 'loaded_at_ns';

/** How many rows go into one append: few enough to show progress, many enough for files worth reading. */
const ROWS_PER_APPEND = 500_000;

const SCHEMA = [
  { name: 'flight_id', type: 'int64', is_merge_key: true, nullable: false, doc: 'Row number in the source file' },
  { name: 'date', type: 'timestamp[us]' },
  { name: 'delay', type: 'int64', doc: 'Minutes late at departure' },
  { name: 'distance', type: 'int64', doc: 'Miles' },
  { name: 'origin', type: 'string' },
  { name: 'destination', type: 'string' },
];

const VERY_LATE = { gt: ['delay', 480] } satisfies { gt: [string, number] };

/** Loads three million flights, corrects and deletes some, and reads them in several ways, printing what each took. */
export async function tour(url: string, file: string): Promise<void> {
  await using client = new Client(url, { timeout: 600 });
  const loaded_at_ns = (await loadedBefore(client)) ?? (await load(client, file));
  await look(client, loaded_at_ns);
}

/** When an earlier run finished loading; null when there was none, or it was interrupted. */
async function loadedBefore(client: Client): Promise<bigint | null> {
  const described = await client.catalog.describeTable(FLIGHTS).catch(absent);
  const loaded = described?.table_properties?.[LOADED];
  if (typeof loaded === 'string') {
    console.log(`The flights of an earlier run are there: ${number(described?.total_records)} rows on record.`);
    return BigInt(loaded);
  }
  if (described) await client.catalog.dropTable(FLIGHTS);
  return null;
}

function absent(error: unknown): null {
  if (error instanceof RequestError && error.status === 404) return null;
  throw error;
}

async function load(client: Client, file: string): Promise<bigint> {
  await timed('register the flights file where it is (no copy)', async () => {
    const known = await client.catalog.namespaceExists({ namespace: SOURCE.namespace });
    if (!known) await client.catalog.createNamespace({ namespace: SOURCE.namespace });
    const committed = await client.catalog.write(file, {
      ...SOURCE,
      mode: (await exists(client, SOURCE)) ? 'replace' : 'create',
    });
    return `${number(committed.total_records)} rows`;
  });
  await timed('create a table with a merge key', async () => {
    const created = await client.catalog.createTable({ ...FLIGHTS, schema_def: SCHEMA });
    return `version ${created.table_version}`;
  });
  await timed('number the rows and append them', () => appendNumbered(client));
  const before = await client.catalog.describeCatalog({ catalog_name: 'default' });
  const loaded_at_ns = before.committed_at_ns ?? 0n;
  await correct(client);
  await client.catalog.alterTable({ ...FLIGHTS, table_properties: { [LOADED]: String(loaded_at_ns) } });
  return loaded_at_ns;
}

async function exists(client: Client, table: { namespace: string; table: string }): Promise<boolean> {
  return client.catalog.tableExists(table);
}

async function appendNumbered(client: Client): Promise<string> {
  let pending: RecordBatch[] = [];
  let rows = 0;
  let appended = 0;
  const append = async () => {
    const numbered = withRowNumbers(new Table(pending), appended);
    await client.catalog.write(numbered, { ...FLIGHTS, mode: 'append', commit_message: 'Load the flights' });
    appended += numbered.numRows;
    pending = [];
    progress(`${number(appended)} rows`);
  };
  for await (const batch of await client.catalog.read({ ...SOURCE, read_as: 'batches' })) {
    pending.push(batch);
    rows += batch.numRows;
    if (rows - appended >= ROWS_PER_APPEND) await append();
  }
  if (pending.length > 0) await append();
  return `${number(appended)} rows`;
}

function withRowNumbers(table: Table, first: number): Table {
  const numbers = BigInt64Array.from({ length: table.numRows }, (_, index) => BigInt(first + index));
  return new Table({ flight_id: vectorFromArray(numbers) }).assign(table);
}

async function correct(client: Client): Promise<void> {
  await timed('merge a correction: no delay above 480 minutes', async () => {
    const late = await client.catalog.read({ ...FLIGHTS, filter_predicate: VERY_LATE, read_as: 'objects' });
    const corrected = late.map((row) => ({ ...row, delay: 480n }));
    await client.catalog.write(corrected, { ...FLIGHTS, mode: 'merge', commit_message: 'Cap delays' });
    return `${number(corrected.length)} rows`;
  });
  await timed('delete the flights of less than 50 miles', async () => {
    const short = { lt: ['distance', 50] } satisfies { lt: [string, number] };
    const keys = await client.catalog.read({ ...FLIGHTS, filter_predicate: short, columns: ['flight_id'] });
    await client.catalog.write(keys, { ...FLIGHTS, mode: 'delete', commit_message: 'Remove hops' });
    return `${number(keys.numRows)} rows`;
  });
}

async function look(client: Client, loaded_at_ns: bigint): Promise<void> {
  await timed('describe the table', async () => {
    const { total_files, total_bytes, delta_count } = await client.catalog.describeTable(FLIGHTS);
    return `${total_files} files in ${delta_count} deltas, ${number(Math.round((total_bytes ?? 0) / 1e6))} MB`;
  });
  const late = { and: [{ eq: ['origin', 'SEA'] }, { gt: ['delay', 240] }] } satisfies { and: object[] };
  const rows = await timed('read the flights from Seattle that were four hours late', async () => {
    const table = await client.catalog.read({ ...FLIGHTS, filter_predicate: late as never });
    return [`${number(table.numRows)} of 3,000,000 rows, merged`, table] as const;
  });
  console.table(
    rows
      .slice(0, 5)
      .toArray()
      .map(({ flight_id, date, delay, destination }) => ({
        flight_id,
        date: new Date(Number(date)).toISOString(),
        delay,
        destination,
      })),
  );
  await timed('count delays above 480 minutes, now', () => countVeryLate(client, undefined));
  await timed('the same, as it was before the correction', () => countVeryLate(client, loaded_at_ns));
}

async function countVeryLate(client: Client, as_of: bigint | undefined): Promise<string> {
  const table = await client.catalog.read({ ...FLIGHTS, columns: ['delay'], filter_predicate: VERY_LATE, as_of });
  return `${number(table.numRows)} rows`;
}

function timed(title: string, work: () => Promise<string>): Promise<undefined>;
function timed<T>(title: string, work: () => Promise<readonly [string, T]>): Promise<T>;
async function timed<T>(title: string, work: () => Promise<string | readonly [string, T]>): Promise<T | undefined> {
  const started = performance.now();
  const result = await work();
  const seconds = ((performance.now() - started) / 1_000).toFixed(2).padStart(7);
  const [said, value] = typeof result === 'string' ? [result, undefined] : result;
  progress('');
  console.log(`${seconds} s  ${title}: ${said}`);
  return value;
}

/** Shows how far long work is, where someone is looking. */
function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${text}`);
}

function number(value: number | null | undefined): string {
  return (value ?? 0).toLocaleString('en-US');
}
