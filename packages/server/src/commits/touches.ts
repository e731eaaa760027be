/** What a change does to an object: the columns and rows of the conflict table. */
export type TouchKind =
  | 'create'
  | 'name'
  | 'child'
  | 'alter'
  | 'alter_incompatible'
  | 'retype'
  | 'rename'
  | 'drop'
  | 'purge'
  | 'undrop'
  | 'add'
  | 'append'
  | 'merge'
  | 'delete'
  | 'rewrite'
  | 'replace'
  | 'truncate'
  | 'rollback';

/** One thing that a change touches. */
export interface Touch {
  object_id: string;
  kind: TouchKind;
  /** The partition that data went to; null is the whole stream. */
  partition_id?: string | null;
}

/** The object that stands for a name: whoever takes the name touches it. */
export function nameObject(parentId: string, name: string): string {
  return `${parentId}/${name}`;
}

/** The parent of the name that an object stands for; null for what is no name. */
export function parentOfName(object_id: string): string | null {
  const slash = object_id.indexOf('/');
  return slash < 0 ? null : object_id.slice(0, slash);
}
