import { DeltacatError } from '@deltacat/contract';

/** The refusal to bring back what was dropped for good. */
export function purged(what: string, details: Record<string, unknown>): DeltacatError {
  const message = `${what} was dropped with purge, so its data may be gone and it cannot come back. Create it anew.`;
  return new DeltacatError('purged', message, details);
}

/** The refusal to bring something back under a name that something else has by now. */
export function takenMeanwhile(what: string, details: Record<string, unknown>): DeltacatError {
  const message = `${what} exists: something else has the name by now. Bring the dropped one back under another, by new_name.`;
  return new DeltacatError('name_taken', message, details);
}

/** Why nothing can be brought back: what has the name was not dropped, or nothing has it. */
export function namedDrop({ what, there, id }: { what: string; there: boolean; id: string | null }): string {
  const why = there ? `${what} is there; nothing of that name is dropped` : `${what} is not among what was dropped`;
  return `${why}${id === null ? '' : `, at least not with the id "${id}"`}. list_dropped names what can be brought back.`;
}
