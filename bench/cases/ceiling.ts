/** How much can the measuring collector take? It must take more than any sender brings, or it is what is measured. */
import { createReadStream, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Daemon } from '../../test/support/daemon.js';
import { type Case, inTurns } from '../bench.js';
import type { Mark } from '../parts/collector.js';
import { forward } from '../parts/forward.js';
import type { Kind } from '../parts/lines.js';
import { whole } from '../parts/table.js';
import type { Sender } from '../peers/sender.js';

const SCRIPT = fileURLToPath(new URL('../parts/stream-process.js', import.meta.url));

/** Sends frames that were made before, as fast as TLS takes them. */
const stream: Sender = {
  name: 'frames from a file',
  start: ({ directory, log, port, pki }) => {
    const args = [SCRIPT, log, String(port), pki.caFile, pki.agentCert, pki.agentKey];
    return Daemon.start({ command: process.execPath, args, outputFile: join(directory, 'out'), ready: () => true });
  },
  end: (daemon) => daemon.stop(),
};

export const ceiling: Case = {
  name: 'ceiling',
  share: 40,
  measure: async (bench) => {
    const lines = bench.size(1_000_000, 100_000, 500_000);
    const rows: string[][] = [];
    for (const [kind, mark] of [
      ['text', 'text'],
      ['row', 'row'],
    ] satisfies [Kind, Mark][]) {
      const log = join(bench.workplace.directory, 'frames');
      await writeFrames(bench.workplace.lines(kind, lines), log);
      const results = await inTurns(bench, [stream], (sender) =>
        forward(bench.workplace, sender, { log, lines, mark }),
      );
      const seconds = Math.min(...results.get(stream)!.map((run) => run.seconds));
      rows.push([kind, whole(lines / seconds)]);
      rmSync(log);
    }
    return {
      head: ['lines', 'lines/s that the collector takes, best'],
      rows,
      note: 'The start of the process that sends is part of the time.',
    };
  },
};

async function writeFrames(log: string, frames: string): Promise<void> {
  writeFileSync(frames, '');
  let some: string[] = [];
  for await (const line of createInterface({ input: createReadStream(log) })) {
    const message = `<85>1 2026-11-20T08:01:44.000-05:00 emr.clinic.example openemr - - - ${line}`;
    some.push(`${message.length} ${message}`);
    if (some.length < 10_000) continue;
    writeFileSync(frames, some.join(''), { flag: 'a' });
    some = [];
  }
  writeFileSync(frames, some.join(''), { flag: 'a' });
}
