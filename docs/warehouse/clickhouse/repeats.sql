-- Messages that are stored more than once, and whether with other bytes. ClickHouse.
select run, seq, count() - 1 as repeats, uniqExact(raw) > 1 as altered
from trail
group by run, seq
having count() > 1
order by run, seq;
