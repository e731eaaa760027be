/** What the schemas of a table version have used up until each of them, so that the next one need not read them all. */
export const STATEMENTS = [
  'alter table schemas add column field_id_max bigint',
  'alter table schemas add column retired text',
];
