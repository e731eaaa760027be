/** The schema that a session was opened with: inside a transaction the commit that it was opened on does not tell it. */
export const STATEMENTS = ['alter table write_sessions add column opened_schema_id bigint'];
