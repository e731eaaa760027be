import { DeltacatError } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { allRoots } from './access.ts';
import type { Binding } from './bindings.ts';
import { allCatalogs } from './catalogs.ts';
import { rootOfPath } from './data-roots.ts';

/**
 * Refuses a root inside or around one of another store: files are known by bucket and key, and are opened by the innermost
 * root, so that those of one would be looked for in the other. Throws `name_taken`.
 */
export async function refuseOverlap(
  context: ServerContext,
  queries: Queries,
  asked: { root_id: string | null; root: string; binding: Pick<Binding, 'binding_id' | 'endpoint_url'> },
): Promise<void> {
  const { root_id, root, binding } = asked;
  const other = (await allRoots(queries, allCatalogs(context))).find((one) => {
    const isOfOther = one.root_id !== root_id && one.binding && one.binding.binding_id !== binding.binding_id;
    if (!isOfOther || one.binding?.endpoint_url === binding.endpoint_url) return false;
    return rootOfPath([one], root) ?? rootOfPath([{ ...one, root }], one.root);
  });
  if (!other) return;
  throw new DeltacatError(
    'name_taken',
    `${root} overlaps with the data root "${other.name}" at ${other.root}, which is in another store: files of one would be looked for in the other. Choose another bucket or prefix.`,
    { root_name: other.name },
  );
}
