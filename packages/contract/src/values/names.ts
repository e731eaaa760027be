import { z } from 'zod';

/** The longest name of a catalog, namespace, table or version, in UTF-16 units. */
export const NAME_LENGTH_MAX = 255;

/** Names are path segments, columns of lists and parts of `namespace.table`: letters, digits, `_` and `-` only. */
export const NAME_PATTERN = /^[A-Za-z0-9_-]+$/;

const named = (what: string) =>
  z
    .string()
    .min(1, `a ${what} name cannot be empty`)
    .max(NAME_LENGTH_MAX, `a ${what} name has at most ${NAME_LENGTH_MAX} characters`)
    .regex(NAME_PATTERN, `a ${what} name holds letters, digits, "_" and "-" only`);

/** The name of a catalog. */
export const catalogName = named('catalog').meta({ description: "Catalog name; the server's default when left out." });
/** The name of a namespace. */
export const namespaceName = named('namespace').meta({ description: 'Namespace name.' });
/** The name of a table. */
export const tableName = named('table').meta({ description: 'Table name.' });

/** A table version such as `1` or `v7`: an optional prefix and a number. */
export const tableVersion = z
  .string()
  .max(NAME_LENGTH_MAX)
  .regex(/^[A-Za-z_-]*\d+$/, 'a table version is an optional prefix and a number, such as "1" or "v7"')
  .meta({ description: 'Table version; the latest active one when left out.' });
