import { DeltacatError } from '@deltacat/contract';

/** Something with a name, and perhaps parts that have names too: a field of a schema, or of a file's. */
interface Named {
  name: string;
  type?: unknown;
  children?: readonly Named[];
}

/**
 * Refuses a file with columns that cannot be named in a query: without a name, or with one that is no text. Files tell names as
 * bytes, and those that are no UTF-8 come with a replacement character, by which nothing is found.
 */
export function requireNames(path: string, columns: readonly Named[]): void {
  for (const { name, type, children } of columns) {
    if (name === '' || /[\0\ufffd]/.test(name) || !name.isWellFormed()) {
      throw new DeltacatError(
        'not_supported',
        `${path} has a column named ${JSON.stringify(name)}, which cannot be read here. Name it otherwise, and write the file again.`,
        { path },
      );
    }
    requireNames(path, children ?? childrenOf(type));
  }
}

function childrenOf(type: unknown): readonly Named[] {
  // Arrow's types have their fields, and those of no fields null.
  return (typeof type === 'object' && (type as { children?: Named[] | null } | null)?.children) || [];
}
