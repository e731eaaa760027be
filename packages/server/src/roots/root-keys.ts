import { DeltacatError } from '@deltacat/contract';
import type { RootKeys } from '../config.ts';
import type { Binding } from './bindings.ts';

/**
 * Refuses to use keys of the server for a data root that its operator did not mean them for. Whoever may call REST may add
 * roots, and must not choose by that which keys are used, where they are used, or who gets them. Throws `storage_denied`.
 */
export function refuseUnmeantKeys(root: string, binding: Binding): void {
  const { allowed_keys, keys_from } = binding;
  if (allowed_keys === null) return;
  const address = addressOf(root, binding.endpoint_url);
  const isMeant = allowed_keys.some(
    (one) => one.keys_from === keys_from && isBelow(address, one.place) && mayBeGiven(one, binding),
  );
  if (isMeant) return;
  throw new DeltacatError('storage_denied', refusal(binding, address ?? `${binding.endpoint_url} (${root})`), { root });
}

/**
 * Where requests for the files of a root go, as `RootKeys` name places; null for an address with escaped characters or a
 * query, of which only its store knows where they lead.
 */
function addressOf(root: string, endpoint_url: string | null): string | null {
  if (endpoint_url === null) return root;
  const { origin, pathname, search } = new URL(endpoint_url);
  if (pathname.includes('%') || search !== '') return null;
  return `${origin}${pathname.replace(/\/+$/, '')}/${root.slice('s3://'.length)}`;
}

function isBelow(address: string | null, place: string): boolean {
  return address !== null && `${address}/`.startsWith(`${place}/`);
}

/** Whether clients may have what the binding gives them. A role is asked for at STS of AWS, or at the store itself. */
function mayBeGiven({ given }: RootKeys, binding: Binding): boolean {
  const { kind, role_arn, sts_endpoint_url, endpoint_url } = binding;
  if (kind === 'none') return true;
  if (kind === 'static') return given.includes('static');
  return given.includes(role_arn ?? '') && (sts_endpoint_url === null || sts_endpoint_url === endpoint_url);
}

function refusal({ kind, keys_from, role_arn, sts_endpoint_url }: Binding, place: string): string {
  const given = { none: [], static: ['static'], sts: [role_arn] }[kind];
  const words = [keys_from ?? 'default', place, ...given].join(' ');
  const sts = sts_endpoint_url === null ? '' : ' A role from an STS of its own takes a root in the catalogs file.';
  return `The server may not use its keys like that for a root that was added while it runs. Its operator allows it by DELTACAT_ROOT_KEYS="${words}", or puts the root into the catalogs file.${sts}`;
}
