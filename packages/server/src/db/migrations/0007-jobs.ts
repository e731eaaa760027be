/** Jobs: what is done in the background, who does it until when, and what came of it. */
export const STATEMENTS = [
  `create table jobs (
    job_id text primary key, catalog_id text not null, job_type text not null, subject_id text not null, dedupe_key text,
    config text not null, state text not null, progress double precision not null, progress_message text not null,
    progress_events text not null, error text, result text not null, worker_id text, claim_generation bigint not null,
    heartbeat_timeout_seconds bigint not null, retry_count bigint not null, max_retries bigint not null,
    created_at_ns bigint not null, available_at_ns bigint not null, claimed_at_ns bigint, heartbeat_at_ns bigint,
    lease_expires_at_ns bigint, completed_at_ns bigint)`,
  `create index jobs_pending on jobs (available_at_ns) where state = 'pending'`,
  `create index jobs_running on jobs (lease_expires_at_ns) where state = 'running'`,
  `create unique index jobs_active on jobs (dedupe_key) where state in ('pending', 'running', 'finalizing')`,
  'create index jobs_by_key on jobs (dedupe_key, created_at_ns)',
  'create index jobs_by_subject on jobs (subject_id, created_at_ns)',
  'create index jobs_ended on jobs (completed_at_ns) where completed_at_ns is not null',
];
