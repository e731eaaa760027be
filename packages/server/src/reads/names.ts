import type { ReadPlan, ScanTask } from '@deltacat/contract';
import type { Queries } from '../db/database.ts';
import { findSchemas, noteSchemas, type SchemasNamed } from './schemas.ts';
import { findSchemes, noteSchemes } from './schemes.ts';
import type { ReadTarget } from './target.ts';

/** What a plan describes because its tasks name it. */
export type NamedInPlan = Pick<
  ReadPlan,
  'schemas_by_id' | 'schemas_serialized_by_id' | 'partition_schemes_by_id' | 'sort_schemes_by_id'
>;

/** Gathers what the tasks of a plan name, task by task, to look it up once all of them are known. */
export class PlanNames {
  readonly #schemas: SchemasNamed = new Map();
  readonly #schemes = { partition: new Set<string>(), sort: new Set<string>() };

  note(task: ScanTask): void {
    noteSchemas(this.#schemas, task);
    noteSchemes(this.#schemes, task);
  }

  async find(queries: Queries, target: ReadTarget): Promise<NamedInPlan> {
    return {
      ...(await findSchemas(queries, target, this.#schemas)),
      ...(await findSchemes(queries, target, this.#schemes)),
    };
  }
}
