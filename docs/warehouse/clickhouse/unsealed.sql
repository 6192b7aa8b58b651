-- Stored messages that no seal covers. ClickHouse.
-- A seal covers the messages seal_first to seal_last, which is the one before it, and itself.
-- Events in the order of their numbers: a seal's range opens and closes (0), a message comes (1).
select run, min(seq) as first, max(seq) as last, place
from (
  select
    run,
    seq,
    seq - number as stretch,
    multiIf(last_seal = 0, 'run without seals', seq > last_seal, 'behind the last seal', 'not covered') as place
  from (
    select
      run,
      last_seal,
      arrayDistinct(arrayMap(
        e -> e.1,
        arrayFilter((e, open) -> e.2 = 1 and open <= 0, events, arrayCumSum(e -> e.3, events))
      )) as bare
    from (
      select run, max(seal) as last_seal, arraySort(groupArray(event)) as events
      from (
        select
          run,
          if(kind = 'seal' and seal_last + 1 = seq, seq, 0) as seal,
          arrayJoin(arrayFilter(e -> e.1 > 0, [
            (seq, toUInt8(1), toInt8(0)),
            (if(seal > 0, seal_first, 0), toUInt8(0), toInt8(1)),
            (if(seal > 0, seq + 1, 0), toUInt8(0), toInt8(-1))
          ])) as event
        from trail
      )
      group by run
    )
  )
  array join bare as seq, arrayEnumerate(bare) as number
)
group by run, stretch, place
order by run, first;
