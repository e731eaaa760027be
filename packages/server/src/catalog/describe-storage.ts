import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { storageState } from '../roots/storage-state.ts';

/** Describes where data of a catalog lies, as it is now. */
export const describeStorage: Handler<'describe_catalog_storage_control'> = async (context, input) =>
  storageState(context.db.reader, catalogNamed(context, input.catalog_name));
