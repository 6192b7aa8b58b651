-- Numbers that are missing. ClickHouse.
-- A run's messages are numbered from 1, and the first message of the next run names the last of this one.
select run, hole.1 as first, hole.2 as last
from (
  select
    run,
    arrayJoin(arrayFilter(h -> h.1 <= h.2, arrayMap(
      (before, behind) -> (before + 1, behind - 1),
      arrayPushFront(seqs, toUInt64(0)),
      arrayPushBack(seqs, greatest(followed, last_seq) + 1)
    ))) as hole
  from (
    select
      run,
      arraySort(arrayFilter(s -> s > 0, groupUniqArray(seq))) as seqs,
      max(seq) as last_seq,
      max(followed_to) as followed
    from (
      select run, seq, toUInt64(0) as followed_to from trail
      union all
      select follows_run as run, toUInt64(0) as seq, follows_seq as followed_to from trail where follows_run != ''
    )
    group by run
  )
)
order by run, first;
