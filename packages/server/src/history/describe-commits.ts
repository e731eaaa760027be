import type { Queries } from '../db/database.ts';
import { type LoggedCommit, readTouches, type Touched } from './commit-log.ts';
import { type FiguresRead, figuresKey, heaviestKind, NO_FIGURES, readFigures } from './data-changes.ts';
import { definitionChanges, placeOfTable } from './definition-changes.ts';
import { readStates, type StatesRead } from './states.ts';

/** Commits as the log tells them: each with what it changed, or what it changed of some objects alone. */
export async function describeCommits(
  queries: Queries,
  log: { catalog_id: string; commits: LoggedCommit[]; objects: string[] | null },
) {
  const { catalog_id, commits, objects } = log;
  if (commits.length === 0) return [];
  const seqs = commits.map(({ seq }) => seq);
  const touched = narrow(await readTouches(queries, catalog_id, seqs), objects);
  const ids = new Set([...touched.objects.values()].flatMap((some) => [...some]));
  const range = { first: Math.min(...seqs), last: Math.max(...seqs) };
  const states = await readStates(queries, [...ids], range);
  const figures = await readFigures(queries, catalog_id, [...touched.data.keys()]);
  return commits.map((commit) => {
    const { seq } = commit;
    const changes = [
      ...definitionChanges(states, seq, touched.objects.get(seq) ?? new Set()),
      ...dataChanges({ states, touched, figures }, seq),
    ];
    return { ...commit, changes };
  });
}

function narrow(touched: Touched, objects: string[] | null): Touched {
  if (!objects) return touched;
  const wanted = new Set(objects);
  for (const ids of touched.objects.values()) for (const id of ids) if (!wanted.has(id)) ids.delete(id);
  for (const ofCommit of touched.data.values()) {
    for (const id of ofCommit.keys()) if (!wanted.has(id)) ofCommit.delete(id);
  }
  return touched;
}

function dataChanges(read: { states: StatesRead; touched: Touched; figures: FiguresRead }, seq: number) {
  const { states, touched, figures } = read;
  return [...(touched.data.get(seq) ?? [])].flatMap(([table_version_id, kinds]) => {
    const version = states.versions.lastKnown(table_version_id, seq);
    if (!version) return [];
    return {
      object: 'partition' as const,
      kind: heaviestKind(kinds),
      ...placeOfTable(states, seq, version.table_id),
      table_version: version.version,
      ...(figures.get(figuresKey(seq, table_version_id)) ?? NO_FIGURES),
    };
  });
}
