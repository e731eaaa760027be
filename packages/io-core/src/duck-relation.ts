import { DeltacatError, type ReadPlan } from '@deltacat/contract';
import type { DuckDBConnection } from '@duckdb/node-api';
import { Field, type RecordBatch, Schema } from 'apache-arrow';
import { arrowTypeOf } from './duckdb/arrow-type.ts';
import { carrierSql } from './duckdb/carrier.ts';
import { quoteIdentifier, quotePath } from './duckdb/quote.ts';
import { recordBatches } from './duckdb/record-batches.ts';
import { borrowSession, openSession, type Session } from './duckdb/session.ts';
import { executePlan, type SelectedPlan, selectPlan } from './execute.ts';
import { writeParquetFile } from './formats/parquet-file.ts';
import { type ExecuteOptions, type PlanRows, planRows } from './plan-rows.ts';
import { Scratch } from './storage/scratch.ts';

/** What is wanted of a relation. */
export interface RelationOptions extends ExecuteOptions {
  /** What SQL calls it. Default `rows`. */
  name?: string | null;
  /** A connection of yours to put it in, beside your own tables; one of its own when left out. */
  connection?: DuckDBConnection | null;
}

let relations = 0;

/**
 * The rows of a plan as a view in DuckDB. Files are read by the queries, only the columns and row groups that they need;
 * before, nothing is but the footers, and the keys where rows are merged. Whoever opens a relation disposes of it. Throws what
 * `executePlan` throws, and `invalid_request` when the connection has something of that name.
 */
export async function openRelation(
  plan: ReadPlan,
  { name, connection, ...options }: RelationOptions = {},
): Promise<DuckRelation> {
  const { signal, memory_limit_mb } = options;
  const session = connection
    ? await borrowSession(connection, signal ?? undefined)
    : await openSession({ memory_limit_mb: memory_limit_mb ?? undefined, signal: signal ?? undefined });
  relations += 1;
  const survivors = `deltacat_survivors_${relations}`;
  let selected: SelectedPlan | null = null;
  try {
    selected = (await selectPlan(session, plan, { ...options, survivors })) ?? (await selectManifest(plan, options));
    const sql = selected.sql ?? emptySql(selected.schema);
    const view = name ?? 'rows';
    await refused(() => session.rows(`CREATE TEMP VIEW ${quoteIdentifier(view)} AS ${sql}`));
    return new DuckRelation(view, { session, selected });
  } catch (error) {
    await selected?.[Symbol.asyncDispose]();
    session[Symbol.dispose]();
    throw error;
  }
}

/** The list of files of a table without a schema, in a file that DuckDB reads. */
async function selectManifest(plan: ReadPlan, options: ExecuteOptions): Promise<SelectedPlan> {
  const scratch = new Scratch();
  const dispose = () => scratch[Symbol.asyncDispose]();
  try {
    const rows = executePlan(plan, options);
    const path = await scratch.path('.parquet');
    await writeParquetFile(rows, path);
    const sql = `SELECT * FROM read_parquet(${quotePath(path)})`;
    return { schema: rows.schema, sql, forget: [], explain: async (error) => error, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function emptySql({ fields }: Schema): string {
  const columns = fields.map(({ name, type }) => `CAST(NULL AS ${carrierSql(type)}) AS ${quoteIdentifier(name)}`);
  return `SELECT ${columns.join(', ')} WHERE false`;
}

/** What a relation is kept with. */
interface RelationParts {
  session: Session;
  selected: SelectedPlan;
}

/**
 * Rows of a read as something that SQL selects from, under its `name`. One query is read at a time; what does not fit into
 * memory goes to disk. It can be written as it is, batch by batch.
 *
 * ```ts
 * await using rows = await openRelation(plan);
 * const query = await rows.query('SELECT task, avg(score) AS mean FROM rows GROUP BY task');
 * console.log(await query.objects());
 * ```
 */
export class DuckRelation implements AsyncDisposable {
  /** What SQL calls it. */
  readonly name: string;
  /** The columns of the table, by their Arrow types. */
  readonly schema: Schema;
  readonly #parts: RelationParts;
  #reading: AsyncGenerator<RecordBatch> | null = null;
  #disposed = false;

  constructor(name: string, parts: RelationParts) {
    this.name = name;
    this.schema = parts.selected.schema;
    this.#parts = parts;
  }

  /** All its rows, with the Arrow types of the table. */
  rows(): PlanRows {
    return planRows(this.schema, () => this.#read(`SELECT * FROM ${quoteIdentifier(this.name)}`, this.schema));
  }

  /**
   * The rows that a SELECT gives, read when they are asked for. Sums of integers are decimals, as DuckDB has them, and what Arrow
   * has no type for is text. Throws `invalid_request` with DuckDB's reason for SQL that is wrong or no query.
   */
  async query(sql: string): Promise<PlanRows> {
    this.#requireIdle();
    const given = sql.replace(/[;\s]+$/, '');
    const columns = await refused(() => this.#parts.session.describe(given));
    if (columns === null) {
      throw new DeltacatError('invalid_request', 'A relation answers one SELECT at a time. Give the SQL of a query.');
    }
    const fields = columns.map(({ name, type }) => new Field(name, arrowTypeOf(type), true));
    // By their places: a query may give two columns of one name.
    const places = fields.map((_, index) => `c${index}`);
    const casts = fields.map(({ type }, index) => `CAST(${places[index]} AS ${carrierSql(type)})`);
    const carried = `SELECT ${casts.join(', ')} FROM (\n${given}\n) AS q(${places.join(', ')})`;
    const schema = new Schema(fields);
    return planRows(schema, () => this.#read(carried, schema, (error) => this.#explainQuery(error)));
  }

  /** All its rows, batch by batch. */
  [Symbol.asyncIterator](): AsyncIterator<RecordBatch> {
    return this.rows().batches()[Symbol.asyncIterator]();
  }

  /** Ends its queries, and removes it from DuckDB with the files that were made for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const { session, selected } = this.#parts;
    try {
      await this.#reading?.return(undefined);
      await session.undo([`DROP VIEW ${quoteIdentifier(this.name)}`, ...selected.forget].join('; '));
    } finally {
      session[Symbol.dispose]();
      await selected[Symbol.asyncDispose]();
    }
  }

  async *#read(
    sql: string,
    schema: Schema,
    explain: (error: unknown) => Promise<unknown> = this.#parts.selected.explain,
  ): AsyncGenerator<RecordBatch> {
    this.#requireIdle();
    const { session } = this.#parts;
    const reading = recordBatches(session.chunks(sql), { schema, bytes_max: session.batch_bytes_max });
    this.#reading = reading;
    try {
      yield* reading;
      // What was cut off must not look like the end.
      if (this.#disposed) this.#requireIdle();
    } catch (error) {
      throw await explain(error);
    } finally {
      this.#reading = null;
    }
  }

  /** What DuckDB complains of may be the SQL as well as a file: it is the SQL where all rows can be read without it. */
  async #explainQuery(error: unknown): Promise<unknown> {
    const { session, selected } = this.#parts;
    if (!isOfFiles(error)) return selected.explain(error);
    try {
      await session.rows(`SELECT bit_xor(hash(r)) FROM ${quoteIdentifier(this.name)} r`);
    } catch (found) {
      return selected.explain(found);
    }
    return notTaken(error.cause);
  }

  #requireIdle(): void {
    const named = `Relation "${this.name}"`;
    if (this.#disposed) {
      throw new DeltacatError('invalid_request', `${named} was disposed of. Read the table again.`);
    }
    if (this.#reading === null) return;
    throw new DeltacatError(
      'invalid_request',
      `${named} is being read. Read that to its end or leave its loop first, or open another relation.`,
    );
  }
}

/** What DuckDB says of SQL that it does not take. */
const REFUSED = /^(Parser|Binder|Catalog|Syntax|Invalid Input|Not implemented) Error/;

async function refused<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof DeltacatError || !REFUSED.test(error.message)) throw error;
    throw notTaken(error);
  }
}

function notTaken(cause: Error): DeltacatError {
  return new DeltacatError('invalid_request', `DuckDB does not take this SQL: ${cause.message}`, { cause });
}

/** What a session takes for the fault of a file, without a file that DuckDB named. */
function isOfFiles(error: unknown): error is DeltacatError & { cause: Error } {
  return (
    error instanceof DeltacatError &&
    ['schema_mismatch', 'invalid_entry'].includes(error.code) &&
    error.details.path === undefined &&
    error.cause instanceof Error
  );
}
