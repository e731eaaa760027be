import { readFileSync } from 'node:fs';
import { API, type Endpoint, ERRORS, openApiDocument, stringifyJson } from '@deltacat/contract';
import { VARIABLES, VERSION } from '@deltacat/server';

/** Every document that is made from code, by its path: docs/ holds exactly these texts. */
export function generatedDocuments(): Record<string, string> {
  return {
    'docs/openapi.json': `${stringifyJson(openApiDocument(VERSION), 1)}\n`,
    'docs/errors.md': errorsDocument(),
    'docs/compatibility.md': compatibilityDocument(),
    'docs/configuration.md': configurationDocument(),
  };
}

const MADE = '<!-- Made by `npm run docs`. -->';

function errorsDocument(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, retryable, meaning }]) =>
      `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  );
  return [
    '# Errors',
    MADE,
    '',
    'Every error answer has the body `{"error": {"code", "message", "retryable", "details", "request_id"}, "detail"}`.',
    'The message says what happened, to which thing, and what to do. `detail` repeats it for older clients; for',
    '`invalid_input` it is a list of `{loc, msg, type}`. Retryable means that the same request may succeed later.',
    '',
    '| code | status | retryable | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

interface OfficialEndpoint {
  op: string;
  method: string;
  path: string;
  since: string;
  gone?: string;
}

function compatibilityDocument(): string {
  const file = new URL('../packages/contract/src/testdata/official-clients.json', import.meta.url);
  const { endpoints } = JSON.parse(readFileSync(file, 'utf8')) as { endpoints: OfficialEndpoint[] };
  const ours = Object.values(API) as Endpoint[];
  const isServed = ({ method, path }: OfficialEndpoint) => ours.some((e) => e.method === method && e.path === path);
  const line = ({ op, method, path, since, gone }: OfficialEndpoint) =>
    `| \`${op}\` | \`${method} ${path}\` | ${since}${gone ? ` (gone in ${gone})` : ''} |`;
  const table = ['| operation | route | client since |', '|---|---|---|'];
  const served = endpoints.filter(isServed);
  const missing = endpoints.filter((endpoint) => !isServed(endpoint));
  return [
    '# Compatibility with the official Python clients',
    MADE,
    '',
    'The server speaks to `deltacat-client` 0.1.0 (over `deltacat-io-core` 0.1.3) and 0.1.67, both unmodified.',
    '',
    `## Served (${served.length} of ${endpoints.length})`,
    '',
    ...table,
    ...served.map(line),
    '',
    `## Not built yet (${missing.length})`,
    '',
    ...table,
    ...missing.map(line),
    '',
  ].join('\n');
}

function configurationDocument(): string {
  const rows = Object.entries(VARIABLES).map(([name, { schema, meaning }]) => {
    const preset = schema.safeParse(undefined);
    return `| \`${name}\` | ${preset.success ? `\`${preset.data}\`` : 'unset'} | ${meaning} |`;
  });
  return [
    '# Configuration',
    MADE,
    '',
    'The server is configured by the options of `deltacat serve` and these environment variables.',
    '',
    '| variable | default | meaning |',
    '|---|---|---|',
    ...rows,
    '',
    '## The database',
    '',
    'The store, which is everything but the files of the tables, is SQLite in the folder that `--catalog-root` names: one',
    'server at a time holds it. With `DELTACAT_DATABASE_URL` it is in a PostgreSQL database (14 or newer, encoding UTF8), in',
    'the first schema of its `search_path`, and any number of servers may work on it at once. They need the same catalogs',
    'file, and data roots that all of them reach under the same paths; when no catalogs file is given, that is the folder',
    'of `--catalog-root`. See [PostgreSQL](guide/postgresql.md).',
    '',
    '## The catalogs file',
    '',
    'Without `DELTACAT_CATALOGS` there is one catalog, `default`, with its data below `--catalog-root`. With it, the file',
    'defines the catalogs, the first being the default one, and `--catalog-root` is where SQLite lives:',
    '',
    '```json',
    '{',
    '  "robotics": {',
    '    "root": "/srv/robotics",',
    '    "data_root": "fast",',
    '    "data_roots": {',
    '      "fast": { "root": "/srv/robotics/fast" },',
    '      "lake": { "root": "s3://robots/warehouse", "endpoint_url": "http://minio.example:9000" } }',
    '  }',
    '}',
    '```',
    '',
    '`data_root` names the root that new files go to, the first one when left out; a write session may choose another by',
    '`root`. Without `data_roots` there is one, `default`, at the `root` of the catalog. Relative roots are below the folder',
    'of this file. Folders that are missing are made when the server starts; it does not start with one that it cannot write',
    'to. [Data on S3](guide/s3.md) has the keys of roots on S3, and how more roots are added while servers run. Catalogs may share a root: every write has a folder of its own. Keys that are not known are refused.',
    '',
    '## The log',
    '',
    'One JSON object a line on standard error. What is told from which level on:',
    '',
    '| level | is told |',
    '|---|---|',
    '| `error` | answers of 500, with their cause; work of the server itself that failed |',
    '| `warn` | answers of 503, with their cause: a full disk, a database that is away, too many waiting changes |',
    '| `info` | the start, with the address, the folder and the database (without its password), and the stop |',
    '| `debug` | every request: `method`, `path`, `status`, `code` of a refusal, `ms`, `request_id` |',
    '',
    '`request_id` is also in the header `X-Request-Id` of the answer and in the body of every error.',
    '',
  ].join('\n');
}
