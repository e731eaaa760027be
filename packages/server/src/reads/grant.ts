import { type DataFile, type ReadPlan, type ScanTask, toldContentType } from '@deltacat/contract';
import type { ServerContext } from '../context.ts';
import type { Binding } from '../roots/bindings.ts';
import type { Catalog } from '../roots/catalogs.ts';
import { type DataRoot, dataRootsOf, isOnS3, rootOfPath } from '../roots/data-roots.ts';
import { envelopeFor } from '../roots/envelope.ts';

type S3Root = DataRoot & { binding: Binding };

/**
 * How many prefixes a role is narrowed to: more make no valid policy. A table has files below one or two, its own and that
 * of the write that made it; where files are strewn over more, their data root as a whole is opened.
 */
const PREFIXES_MAX = 8;

/**
 * Gathers, task by task, what the reader of a plan needs to open those of its files that are on S3: roots, bindings, and
 * credentials that reach exactly the places of these files. For local files it is nothing.
 */
export class PlanAccess {
  readonly #context: ServerContext;
  readonly #catalog: Catalog;
  readonly #used = new Map<S3Root, Set<string>>();
  #roots: S3Root[] | null = null;

  constructor(context: ServerContext, catalog: Catalog) {
    this.#context = context;
    this.#catalog = catalog;
  }

  /** The task as clients are told it, with where its files are among the roots. */
  async refer(task: ScanTask): Promise<ScanTask> {
    const told = tellTypes(task);
    if (!told.files.some(({ path }) => isOnS3(path))) return told;
    this.#roots ??= await this.#readRoots();
    return referTask(told, this.#roots, this.#used);
  }

  async #readRoots(): Promise<S3Root[]> {
    const { by_name } = await dataRootsOf(this.#context.db.reader, this.#catalog);
    return [...by_name.values()].filter((root): root is S3Root => root.binding !== null);
  }

  /** What the plan tells once for all of its tasks. */
  async envelope(): Promise<Partial<ReadPlan>> {
    if (this.#roots === null) return {};
    const places = [...this.#used].map(([root, prefixes]) => ({
      root,
      prefixes: prefixes.size > PREFIXES_MAX ? [root.root] : [...prefixes],
    }));
    return envelopeFor(this.#context, 'read', places);
  }
}

/** A plan with what its reader needs to open those of its files that are on S3. */
export async function grantAccess(context: ServerContext, catalog: Catalog, plan: ReadPlan): Promise<ReadPlan> {
  const access = new PlanAccess(context, catalog);
  const scan_tasks: ScanTask[] = [];
  for (const task of plan.scan_tasks) scan_tasks.push(await access.refer(task));
  return { ...plan, scan_tasks, ...(await access.envelope()) };
}

function tellTypes(task: ScanTask): ScanTask {
  const isTold = ({ content_type }: DataFile) => toldContentType(content_type) === content_type;
  if (task.files.every(isTold)) return task;
  const files = task.files.map((file) => ({ ...file, content_type: toldContentType(file.content_type) }));
  return { ...task, files };
}

function referTask(task: ScanTask, roots: S3Root[], used: Map<S3Root, Set<string>>): ScanTask {
  return { ...task, files: task.files.map((file) => referFile(file, roots, used)) };
}

function referFile(file: DataFile, roots: S3Root[], used: Map<S3Root, Set<string>>): DataFile {
  // What was found among these roots is one of them.
  const root = rootOfPath(roots, file.path) as S3Root | null;
  if (!root) return file;
  const prefixes = used.get(root) ?? new Set();
  used.set(root, prefixes.add(prefixOf(root.root, file.path)));
  const { binding_id, binding_revision } = root.binding;
  const canonical_path = file.path.slice(root.root.length + 1);
  const location_mode = 'managed_relative' as const;
  const file_access_ref = { binding_id, binding_revision, location_mode, root_id: root.root_id, canonical_path };
  return { ...file, file_access_ref };
}

/** The folder of a table below `data`; for files that were registered where they are, the root itself. */
function prefixOf(root: string, path: string): string {
  const [data, table, file] = path.slice(root.length + 1).split('/', 3);
  return data === 'data' && table && file !== undefined && ID.test(table) ? `${root}/data/${table}` : root;
}

/** Ids hold nothing that a policy takes for another character. */
const ID = /^[A-Za-z0-9_-]+$/;
