-- Numbers that are missing. PostgreSQL and DuckDB.
-- A run's messages are numbered from 1, and the first message of the next run names the last of this one.
with ends as (
  select follows_run as run, max(follows_seq) as last
  from trail
  where follows_run is not null
  group by follows_run
),
stored as (
  select run, seq, lag(seq, 1, 0) over (partition by run order by seq) as before
  from trail
)
select run, before + 1 as first, seq - 1 as last
from stored
where seq > before + 1
union all
select ends.run, coalesce(runs.last, 0) + 1, ends.last
from ends
left join (select run, max(seq) as last from trail group by run) as runs on runs.run = ends.run
where ends.last > coalesce(runs.last, 0)
order by run, first;
