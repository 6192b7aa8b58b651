-- Hosts whose agent has said nothing for two heartbeats (message.heartbeat is 15 minutes); 1970: never. ClickHouse.
-- Only the agent's own messages count: lines of the log carry the time of the event.
select host, max(heard) as last_heard
from (
  select host, toDateTime(0) as heard from agent
  union all
  select host, if(kind = '', toDateTime(0), time) as heard from trail
)
group by host
having last_heard < now() - 1800
order by last_heard, host;
