import type { Compilable, CompiledQuery, DialectAdapter, QueryResult } from 'kysely';
import type { Queries } from './database.ts';

/** Stands in a query for a value that is known when the query runs. */
class Parameter {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * A query that is built and compiled once for each kind of database, and then only given its parameters. For queries of
 * every commit: building and compiling one takes several times as long as running it.
 */
export function prepared<P extends object, R>(
  build: (queries: Queries, parameters: P) => Compilable<R>,
): (queries: Queries, parameters: P) => Promise<QueryResult<R>> {
  const compiled = new WeakMap<DialectAdapter, CompiledQuery<R>>();
  return (queries, parameters) => {
    const { adapter } = queries.getExecutor();
    let query = compiled.get(adapter);
    if (!query) {
      query = build(queries, stand<P>()).compile();
      compiled.set(adapter, query);
    }
    const given = parameters as Record<string, unknown>;
    const values = query.parameters.map((value) => (value instanceof Parameter ? given[value.name] : value));
    return queries.executeQuery({ ...query, parameters: values });
  };
}

/** Something of which every field is a parameter. Queries only pass values on, so nothing looks at their types. */
function stand<P extends object>(): P {
  return new Proxy({}, { get: (_target, name) => new Parameter(String(name)) }) as P;
}
