import { type ContentType, type DataFile, DeltacatError, type ReadPlan } from '@deltacat/contract';

/**
 * The files of a plan, in their order, for readers of whole files of one format; none for a plan without files. Throws
 * `not_supported` for a plan that lists files of other formats or rows to merge, which no file has by itself, and for a table
 * without a schema.
 */
export function wholeFiles(plan: ReadPlan, format: ContentType): DataFile[] {
  const name = `${plan.namespace}.${plan.table}`;
  if (plan.schema == null && plan.schema_serialized == null) {
    throw unreadable(`${name} has no schema: reading it gives a list of files. Open those by fromManifestTable.`);
  }
  if (plan.requires_mor) {
    throw unreadable(
      `The rows of ${name} must be merged, and no file holds them. Read it as arrow, batches or duckdb.`,
    );
  }
  const files = plan.scan_tasks.flatMap((task) => task.files);
  const other = files.find(({ content_type }) => content_type !== format);
  if (other === undefined) return files;
  throw unreadable(
    `${other.path} of ${name} is a file of type ${other.content_type}. Read it as arrow, batches or duckdb.`,
  );
}

function unreadable(message: string): DeltacatError {
  return new DeltacatError('not_supported', message);
}
