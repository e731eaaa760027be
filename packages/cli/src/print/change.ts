import type { OperationAnswer } from '@deltacat/client';
import { counted } from './counted.ts';

/** One change of a commit, as the log has it. */
export type Change = OperationAnswer<'list_table_history'>[number]['changes'][number];

/** A change in a few words, such as "append shop.fruit: 2 rows came". */
export function changeText(change: Change): string {
  const { object, kind, namespace, table, table_version, fields } = change;
  const name = table ? `${namespace}.${table}` : namespace;
  const what = object === 'table_version' ? `version ${table_version} of ${name}` : name;
  if (object === 'partition') return `${kind} ${name}: ${figuresText(change)}`;
  if (kind === 'rename') return `rename ${previousName(change)} to ${name}`;
  const noun = object === 'table_version' ? '' : `${object} `;
  return `${kind} ${noun}${what}${fields ? ` (${fields.join(', ')})` : ''}`;
}

function previousName({ previous_namespace, previous_table }: Change): string {
  return previous_table ? `${previous_namespace}.${previous_table}` : `${previous_namespace}`;
}

function figuresText({ records_added, records_removed }: Change): string {
  const came = `${counted(records_added, 'row')} came`;
  return records_removed ? `${came}, ${counted(records_removed, 'row')} went` : came;
}
