/** A hostile collector as a process of its own: started by HostileProcess, which it tells its port and its counts. */
import type { Behaviour } from './hostile-behaviour.js';
import { HostileCollector, type HostileOptions } from './hostile-collector.js';

const options: HostileOptions = JSON.parse(process.argv[2] ?? '{}');
const collector = await HostileCollector.listen(options);

// A process that ends leaves its sockets to the kernel: that is the point of it.
collector.onExit = () => process.exit(0);
process.once('SIGTERM', () => void collector.stopPolitely());
process.once('disconnect', () => process.exit(0));
process.on('message', (behaviour: Behaviour) => collector.behave(behaviour));

const { port } = collector;
let telling = false;
const tell = () => {
  telling = false;
  process.send?.({ port, ...collector.counts });
};
collector.onCount = () => {
  if (telling) return;
  telling = true;
  setImmediate(tell);
};
tell();
