-- The same columns, read from the collector's files: a message a line, gzipped or not.
create or replace table trail as
select
  said.time::timestamptz as time,
  said.host as host,
  said.run as run,
  said.seq::bigint as seq,
  nullif(said.kind, '') as kind,
  nullif(regexp_extract(said.params, ' follows="([0-9a-f]{16}):', 1), '') as follows_run,
  nullif(regexp_extract(said.params, ' follows="[0-9a-f]{16}:(\d+)"', 1), '')::bigint as follows_seq,
  nullif(regexp_extract(said.params, ' first="(\d+)"', 1), '')::bigint as seal_first,
  nullif(regexp_extract(said.params, ' last="(\d+)"', 1), '')::bigint as seal_last,
  raw
from (
  select raw, regexp_extract(
    raw,
    '^<\d+>1 (\S+) (\S+) [^\[]*(?:\[(?:meta|timeQuality) [^\]]*\])*\[(?:audit|agent)@\d+ (?:kind="([^"]*)" )?run="([0-9a-f]{16})" seq="(\d+)"((?: \w+="(?:[^"\\\]]|\\.)*")*)',
    ['time', 'host', 'kind', 'run', 'seq', 'params']
  ) as said
  from read_csv(
    '/var/log/audit-repository*',
    columns = {'raw': 'varchar'}, header = false, auto_detect = false,
    delim = '\x1f', quote = '', escape = '', max_line_size = 1000000
  )
)
where said.run <> '';

create table if not exists agent (host text primary key);
