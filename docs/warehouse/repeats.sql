-- Messages that are stored more than once, and whether with other bytes. PostgreSQL and DuckDB.
select run, seq, count(*) - 1 as repeats, min(raw) <> max(raw) as altered
from trail
group by run, seq
having count(*) > 1
order by run, seq;
