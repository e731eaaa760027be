import type { Client, OperationAnswer } from '@deltacat/client';
import { stringifyJson } from '@deltacat/contract';
import { Command, Option } from 'commander';
import { parseSomeCount } from './arguments.ts';
import { type ConnectionOptions, withConnection } from './connection-options.ts';
import { print } from './print/standard-output.ts';
import { textTable } from './print/text-table.ts';

interface ListOptions extends ConnectionOptions {
  json?: boolean;
}

interface AddOptions extends ConnectionOptions {
  endpointUrl?: string;
  region?: string;
  credentials?: string;
  keysFrom?: string;
  roleArn?: string;
  externalId?: string;
  stsEndpointUrl?: string;
  sessionSeconds?: number;
  default?: boolean;
}

/** `deltacat roots`: where the data of a catalog goes. */
export function rootsCommand(): Command {
  return new Command('roots')
    .description('List, add and remove data roots, the places where data of a catalog goes.')
    .addCommand(listCommand())
    .addCommand(addCommand())
    .addCommand(defaultCommand())
    .addCommand(removeCommand());
}

function listCommand(): Command {
  const command = new Command('list')
    .description('List the data roots, and which of them new files go to.')
    .option('--json', 'print one JSON object per data root');
  return withConnection(command).action(listRoots);
}

function addCommand(): Command {
  const command = new Command('add')
    .description('Add a data root on S3, after the server tried to write, read and remove a file there.')
    .argument('<name>', 'name of the data root')
    .argument('<uri>', 'the place, as s3://bucket/prefix')
    .option('--endpoint-url <url>', 'address of the store, where it is not AWS')
    .option('--region <region>', 'region of the store; us-east-1 when left out')
    .addOption(
      new Option(
        '--credentials <kind>',
        'what clients get: nothing, the keys of the server, or a role (default: static with --endpoint-url, else none)',
      ).choices(['none', 'static', 'sts']),
    )
    .option('--keys-from <where>', 'where the server finds its keys: env:NAME or profile:name')
    .option('--role-arn <arn>', 'the role that clients are given, for sts')
    .option('--external-id <id>', 'what the trust policy of the role asks for')
    .option('--sts-endpoint-url <url>', 'address of STS, where it is not that of AWS')
    .option('--session-seconds <seconds>', 'how long credentials of the role live', parseSomeCount)
    .option('--default', 'let new files go there from now on');
  return withConnection(command).action(addRoot);
}

function defaultCommand(): Command {
  const command = new Command('set-default')
    .description('Let new files go to another data root from now on.')
    .argument('<name>', 'name of the data root');
  return withConnection(command).action(setDefault);
}

function removeCommand(): Command {
  const command = new Command('remove')
    .description('Remove a data root that no table has files in; nothing in the store itself is removed.')
    .argument('<name>', 'name of the data root');
  return withConnection(command).action(removeRoot);
}

async function listRoots(options: ListOptions): Promise<void> {
  await using client = await connected(options);
  const state = await client.catalog.describeCatalogStorageControl(await named(client, options));
  const rows = rowsOf(state);
  if (!options.json) return print(rootText(rows));
  for (const row of rows) await print(stringifyJson(row));
}

async function addRoot(name: string, uri: string, options: AddOptions): Promise<void> {
  await using client = await connected(options);
  const { credentials, keysFrom, roleArn, externalId, stsEndpointUrl, sessionSeconds } = options;
  const source = {
    ...{ kind: credentials, keys_from: keysFrom, role_arn: roleArn, external_id: externalId },
    ...{ sts_endpoint_url: stsEndpointUrl, session_seconds: sessionSeconds },
  };
  const { state } = await client.catalog.createDataRoot({
    ...(await named(client, options)),
    name,
    managed_prefix: uri,
    binding: { endpoint_url: options.endpointUrl, region: options.region, credential_source: source },
    set_as_default: options.default ?? false,
  });
  const root = state.data_roots[name]?.root;
  const where = state.default_root_name === name ? ' New files go there.' : '';
  await print(`Data root "${name}" is added at ${root}.${where}`);
}

async function setDefault(name: string, options: ConnectionOptions): Promise<void> {
  await using client = await connected(options);
  const where = await named(client, options);
  await client.catalog.updateDataRoot({ ...where, root_name: name, set_as_default: true });
  await print(`New files of catalog "${where.catalog_name}" go to data root "${name}".`);
}

async function removeRoot(name: string, options: ConnectionOptions): Promise<void> {
  await using client = await connected(options);
  await client.catalog.deleteDataRoot({ ...(await named(client, options)), root_name: name });
  await print(`Data root "${name}" is removed. What lies there is left as it is.`);
}

async function connected(options: ConnectionOptions): Promise<Client> {
  const { connect } = await import('./connection.ts');
  return connect(options);
}

/** The catalog that a command is about: roots have no default one, so the server is asked which is its own. */
async function named(client: Client, { catalog }: ConnectionOptions): Promise<{ catalog_name: string }> {
  if (catalog !== undefined) return { catalog_name: catalog };
  const catalogs = await client.catalog.listCatalogs();
  const own = catalogs.find(({ is_default }) => is_default) ?? catalogs[0];
  return { catalog_name: own?.name ?? '' };
}

const NAMES = ['name', 'default', 'type', 'root', 'endpoint', 'region', 'credentials'];

type State = OperationAnswer<'describe_catalog_storage_control'>;

function rowsOf({ data_roots, storage_bindings, default_root_name }: State) {
  return Object.entries(data_roots).map(([name, { root, storage_type, endpoint_url, region, binding_id }]) => ({
    name,
    is_default: name === default_root_name,
    storage_type,
    root,
    endpoint_url: endpoint_url ?? null,
    region: region ?? null,
    credentials: storage_bindings[binding_id ?? '']?.credential_source?.kind ?? null,
  }));
}

function rootText(rows: ReturnType<typeof rowsOf>): string {
  return textTable(
    NAMES,
    rows.map(({ is_default, ...row }) => {
      const { name, storage_type, root, endpoint_url, region, credentials } = row;
      return [name, is_default ? 'yes' : '', storage_type, root, endpoint_url, region, credentials];
    }),
  );
}
