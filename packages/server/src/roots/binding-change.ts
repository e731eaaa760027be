import { type CredentialSourceInput, DeltacatError } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import type { BindingSettings } from '../db/root-rows.ts';
import { type Binding, bindingOfRow, SETTINGS_DEFAULT, vendingDefault } from './bindings.ts';
import type { Catalog } from './catalogs.ts';

/** What a binding is asked to become; what is left out stays as it is. */
export interface BindingAsked {
  endpoint_url?: string | null | undefined;
  region?: string | null | undefined;
  path_style_access?: boolean | null | undefined;
  credential_source?: CredentialSourceInput | null | undefined;
  storage_class?: string | undefined;
  description?: string | null | undefined;
}

/** The words of the clients for each way of vending. */
const KINDS: Record<string, BindingSettings['kind']> = {
  none: 'none',
  host_default_chain: 'none',
  static: 'static',
  sts: 'sts',
  assume_role: 'sts',
};

/** Refuses stores other than S3. Throws `not_supported`. */
export function refuseOtherStores(asked: { storage_type?: string; uri_scheme: string }): void {
  const { storage_type = 's3', uri_scheme } = asked;
  if (storage_type.toLowerCase() === 's3' && ['s3', 's3a'].includes(uri_scheme.toLowerCase())) return;
  throw new DeltacatError(
    'not_supported',
    `Storage of type "${storage_type}" by ${uri_scheme}:// cannot be served. Use storage_type "s3" and uri_scheme "s3"; folders of the server's machine go into its catalogs file.`,
    { storage_type, uri_scheme },
  );
}

/** The settings that a binding has after it was asked for something. Throws `invalid_request`, `not_supported`. */
export function settingsFor(asked: BindingAsked, before: BindingSettings = SETTINGS_DEFAULT): BindingSettings {
  const { credential_source: source, storage_class, description, path_style_access } = asked;
  const endpoint_url = asked.endpoint_url === undefined ? before.endpoint_url : asked.endpoint_url;
  const named = source?.kind ?? null;
  const isNew = before === SETTINGS_DEFAULT;
  const kind = named === null ? (isNew ? vendingDefault(endpoint_url) : before.kind) : kindOf(named);
  const keys = {
    keys_from: source?.keys_from ?? null,
    role_arn: source?.role_arn ?? null,
    external_id: source?.external_id ?? null,
    sts_endpoint_url: source?.sts_endpoint_url ?? null,
    session_seconds: source?.session_seconds ?? null,
  };
  const settings = {
    ...before,
    ...(source ? keys : {}),
    ...{ kind, endpoint_url },
    region: asked.region === undefined ? before.region : asked.region,
    storage_class: storage_class ?? before.storage_class,
    description: description === undefined ? before.description : description,
    path_style_access: path_style_access === undefined ? before.path_style_access : path_style_access,
  };
  if (settings.kind !== 'sts' || settings.role_arn !== null) return settings;
  throw new DeltacatError('invalid_request', 'Credentials of kind "sts" are those of a role: name it in role_arn.');
}

function kindOf(named: string): BindingSettings['kind'] {
  const kind = Object.hasOwn(KINDS, named) ? KINDS[named] : undefined;
  if (kind) return kind;
  throw new DeltacatError(
    'not_supported',
    `Credentials of kind "${named}" cannot be handed out. Known are: ${Object.keys(KINDS).join(', ')}.`,
    { kind: named },
  );
}

/** The binding of that name as it is now; null when there is none. */
export async function findBinding(queries: Queries, catalog: Catalog, name: string): Promise<Binding | null> {
  const row = await queries
    .selectFrom('storage_bindings')
    .selectAll()
    .where('catalog_id', '=', catalog.catalog_id)
    .where('name', '=', name)
    .where('replaced_at_ns', 'is', null)
    .executeTakeFirst();
  return row ? bindingOfRow(row, catalog.root_keys) : null;
}

/** The binding of that name. Throws `not_found`. */
export async function requireBinding(queries: Queries, catalog: Catalog, name: string): Promise<Binding> {
  const found = await findBinding(queries, catalog, name);
  if (found) return found;
  throw new DeltacatError(
    'not_found',
    `Catalog "${catalog.name}" has no storage binding "${name}". Make it with create_storage_binding.`,
    { binding_name: name },
  );
}

/** Adds a binding, at its first revision. Throws `name_taken`. */
export async function addBinding(
  { queries, now_ns }: { queries: Queries; now_ns: bigint },
  context: ServerContext,
  binding: { catalog: Catalog; name: string; settings: BindingSettings },
): Promise<Binding> {
  const { catalog, name, settings } = binding;
  if (await findBinding(queries, catalog, name)) {
    throw new DeltacatError(
      'name_taken',
      `Catalog "${catalog.name}" has a storage binding "${name}" already. Choose another name, or change it with update_storage_binding.`,
      { binding_name: name },
    );
  }
  const binding_id = `binding:${name}:${context.newId()}`;
  const made = { binding_id, binding_revision: 1, catalog_id: catalog.catalog_id, name, settings };
  const row = { ...made, created_at_ns: now_ns, replaced_at_ns: null };
  await queries.insertInto('storage_bindings').values(row).execute();
  return bindingOfRow(row, catalog.root_keys);
}
