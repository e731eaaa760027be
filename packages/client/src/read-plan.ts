import {
  type ContentType,
  type DataFile,
  DeltacatError,
  type PartitionValue,
  type ReadPlan as PlanAnswer,
  type Predicate,
  type ScanTask,
} from '@deltacat/contract';

/** What a plan was asked for beside its table; reading it returns exactly these rows and columns. */
export interface PlanScope {
  columns: string[] | null;
  filter_predicate: Predicate | null;
}

/** One partition of a plan, and what the plan has of it. */
export interface PartitionSummary {
  partition_values: PartitionValue[] | null;
  task_count: number;
  file_count: number;
  total_records: number;
  total_bytes: number;
  content_types: ContentType[];
}

/** Plans the page of files that begins at an offset, of the same state. */
type NextPage = (file_offset: number) => Promise<PlanAnswer>;

/**
 * The files that hold a table's rows, and how to turn them into rows, as the server decided it for one state. It can be
 * inspected, kept, and read by `client.catalog.read({ plan })`. A long plan comes in pages; this is one of them.
 */
export class ReadPlan {
  /** The plan as the server answered it. */
  readonly raw: PlanAnswer;
  /** The rows and columns that were asked for. */
  readonly scope: PlanScope;
  readonly #nextPage: NextPage;

  constructor(raw: PlanAnswer, scope: PlanScope, nextPage: NextPage) {
    this.raw = raw;
    this.scope = scope;
    this.#nextPage = nextPage;
  }

  /** How many files the whole plan has, on all its pages. */
  get total_files(): number {
    return this.raw.total_files;
  }

  /** How many rows those files have, before merging and filtering. */
  get total_records(): number {
    return this.raw.total_records;
  }

  /** The size of those files in bytes. */
  get total_bytes(): number {
    return this.raw.total_bytes;
  }

  /** Whether rows must be merged by key while reading. */
  get requires_mor(): boolean {
    return this.raw.requires_mor;
  }

  /** Whether further pages follow this one. */
  get truncated(): boolean {
    return this.raw.truncated;
  }

  /** The `offset` of the next page; null on the last. */
  get next_file_offset(): number | null {
    return this.raw.truncated ? (this.raw.next_file_offset ?? null) : null;
  }

  /** A fingerprint of the files that the plan resolves to, where the server gives one: equal when they are. */
  get snapshot_id(): string | null {
    return this.raw.snapshot_id ?? null;
  }

  /** The files of this page, in reading order. */
  allFiles(): DataFile[] {
    return this.raw.scan_tasks.flatMap(({ files }) => files);
  }

  /** The paths of the files of this page, in reading order. */
  filePaths(): string[] {
    return this.allFiles().map(({ path }) => path);
  }

  /** The files of this page whose path ends in one of the extensions, such as `.jpg`; in any case. */
  filesWithExtension(...extensions: string[]): DataFile[] {
    const endings = extensions.map((extension) => `.${extension.replace(/^\./, '').toLowerCase()}`);
    return this.allFiles().filter(({ path }) => endings.some((ending) => path.toLowerCase().endsWith(ending)));
  }

  /** What this page has of each partition, in order of their first files. An unpartitioned table is one partition. */
  partitionSummaries(): PartitionSummary[] {
    const groups = Map.groupBy(this.raw.scan_tasks, ({ partition_values }) => partitionName(partition_values));
    return [...groups.values()].map((tasks) => {
      const files = tasks.flatMap((task) => task.files);
      return {
        partition_values: tasks[0]?.partition_values ?? null,
        task_count: tasks.length,
        file_count: files.length,
        total_records: sum(files.map(({ record_count }) => record_count)),
        total_bytes: sum(files.map(({ content_length }) => content_length)),
        content_types: [...new Set(files.map(({ content_type }) => content_type))].sort(),
      };
    });
  }

  /** Asks for its first page again, of the same state: with new keys where those of this plan expire. */
  renewed(): Promise<PlanAnswer> {
    return this.#nextPage(0);
  }

  /** This page and those after it, one request each. */
  async *pages(): AsyncGenerator<ReadPlan, void, undefined> {
    yield this;
    let raw = this.raw;
    while (raw.truncated) {
      raw = await this.#nextPage(offsetAfter(raw));
      yield new ReadPlan(raw, this.scope, this.#nextPage);
    }
  }

  /** This page and all after it as one plan; itself when nothing follows. */
  async complete(): Promise<ReadPlan> {
    if (!this.truncated) return this;
    const pages = await Array.fromAsync(this.pages());
    return new ReadPlan(joined(pages.map(({ raw }) => raw)), this.scope, this.#nextPage);
  }
}

function partitionName(values: PartitionValue[] | null | undefined): string {
  return (values ?? []).map((value) => `${typeof value} ${value}`).join('\n');
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function offsetAfter({ next_file_offset, namespace, table }: PlanAnswer): number {
  if (typeof next_file_offset === 'number') return next_file_offset;
  const message = `The plan of ${namespace}.${table} says that files follow, but not where. Report it to the operator of the server.`;
  throw new DeltacatError('internal_server_error', message);
}

/** Pages hold what their own files need: schemas, schemes and keys of all of them are put together. */
function joined(pages: PlanAnswer[]): PlanAnswer {
  const [first] = pages;
  if (first === undefined) throw new Error('a plan has at least one page');
  const merge = <K extends keyof PlanAnswer>(field: K) => Object.assign({}, ...pages.map((page) => page[field] ?? {}));
  const morTasks = pages.flatMap(({ mor_plan }): ScanTask[] => mor_plan?.scan_tasks ?? []);
  return {
    ...first,
    scan_tasks: pages.flatMap(({ scan_tasks }) => scan_tasks),
    ...(first.mor_plan
      ? { mor_plan: { ...first.mor_plan, ...(morTasks.length > 0 ? { scan_tasks: morTasks } : {}) } }
      : {}),
    schemas_by_id: merge('schemas_by_id'),
    schemas_serialized_by_id: merge('schemas_serialized_by_id'),
    partition_schemes_by_id: merge('partition_schemes_by_id'),
    sort_schemes_by_id: merge('sort_schemes_by_id'),
    data_roots: merge('data_roots'),
    storage_bindings: merge('storage_bindings'),
    credentials: merge('credentials'),
    returned_files: sum(pages.map(({ returned_files }) => returned_files)),
    truncated: false,
    next_file_offset: null,
  };
}
