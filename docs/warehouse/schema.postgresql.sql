-- One row for each stored message of an agent; rsyslog writes them (README.md). Repeats are evidence: no unique index.
create table trail (
  received    timestamptz not null default now(),
  time        timestamptz not null, -- TIMESTAMP of the message
  host        text        not null, -- HOSTNAME of the message
  run         text        not null,
  seq         bigint      not null,
  kind        text,                 -- of the agent's own messages; null for lines of the log
  follows_run text,                 -- follows="RUN:SEQ" in the first message of a run
  follows_seq bigint,
  seal_first  bigint,               -- what a seal covers
  seal_last   bigint,
  raw         text        not null  -- the message as it came
);
create index trail_name on trail (run, seq);
create index trail_own on trail (host, time) where kind is not null;
create index trail_follows on trail (follows_run, follows_seq) where follows_run is not null;

-- Hosts that must be heard of, from your inventory; may stay empty.
create table agent (host text primary key);
