-- Stored messages that no seal covers. PostgreSQL and DuckDB.
-- A seal covers the messages seal_first to seal_last, which is the one before it, and itself.
with seen as (
  select
    run, seq,
    min(case when kind = 'seal' and seal_last = seq - 1 then seal_first end)
      over (partition by run order by seq desc) as covered_from,
    max(case when kind = 'seal' and seal_last = seq - 1 then seq end) over (partition by run) as last_seal
  from trail
),
bare as (
  select distinct
    run, seq,
    case
      when last_seal is null then 'run without seals'
      when seq > last_seal then 'behind the last seal'
      else 'not covered'
    end as place
  from seen
  where covered_from is null or covered_from > seq
),
numbered as (
  select run, seq, place, seq - row_number() over (partition by run order by seq) as stretch
  from bare
)
select run, min(seq) as first, max(seq) as last, place
from numbered
group by run, stretch, place
order by run, first;
