-- The columns of schema.postgresql.sql; '' and 0 where there is nothing.
create table trail (
  received    DateTime default now(),
  time        DateTime,
  host        String,
  run         String,
  seq         UInt64,
  kind        String,
  follows_run String,
  follows_seq UInt64,
  seal_first  UInt64,
  seal_last   UInt64,
  raw         String
) engine = MergeTree partition by toYYYYMM(received) order by (run, seq);

create table agent (host String) engine = MergeTree order by host;
