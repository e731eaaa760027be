import type { ContentType } from '@deltacat/contract';
import type { Inspection } from './formats/capability.ts';
import { isTextFormat } from './formats/dialect.ts';
import { inspectFile } from './inspect.ts';
import { ambientAccess, type StorageAccess } from './storage/access.ts';
import { describeTextFile } from './text-file.ts';

/** A file to be described. */
export interface DescribeInput {
  path: string;
  content_type: ContentType;
}

/** What is told of a file; null what neither its format nor its rows tell. */
export type DescribedFile<File> = { file: File } & Pick<Inspection, 'record_count' | 'size_bytes' | 'schema'>;

/** How many files are looked at at the same time. */
const INSPECTED_AT_ONCE = 32;

/**
 * What can be told of files, in their order: texts are read for it, of others no data is. Throws as `inspectFile` and
 * `describeTextFile` do.
 */
export async function describeFiles<File extends DescribeInput>(
  files: readonly File[],
  access: StorageAccess = ambientAccess,
): Promise<DescribedFile<File>[]> {
  const described: DescribedFile<File>[] = [];
  for (let from = 0; from < files.length; from += INSPECTED_AT_ONCE) {
    const some = files.slice(from, from + INSPECTED_AT_ONCE);
    const inspected = await Promise.all(some.map((file) => inspectOther(file, access)));
    for (const [index, file] of some.entries()) {
      // Texts are read whole, each by all processors.
      const facts = inspected[index] ?? (await describeTextFile(file.path, file.content_type, access));
      described.push({ file, ...facts });
    }
  }
  return described;
}

async function inspectOther({ path, content_type }: DescribeInput, access: StorageAccess): Promise<Inspection | null> {
  return isTextFormat(content_type) ? null : inspectFile({ path, content_type, access });
}
