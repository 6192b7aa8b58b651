-- Hosts whose agent has said nothing for two heartbeats (message.heartbeat is 15 minutes). PostgreSQL and DuckDB.
-- Only the agent's own messages count: lines of the log carry the time of the event.
select known.host, heard.last_heard
from (select host from agent union select host from trail) as known
left join (
  select host, max(time) as last_heard
  from trail
  where kind is not null
  group by host
) as heard on heard.host = known.host
where heard.last_heard is null or heard.last_heard < now() - interval '30 minutes'
order by heard.last_heard nulls first, known.host;
