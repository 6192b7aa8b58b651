/** The tails that the journal remembers, waiting to be given their files. */
import { basename } from 'node:path';
import type { Position } from '../../model/position.js';
import { isLiveName, lineagesOf, logOf } from '../find/rotated-name.js';
import type { FoundName, Snapshot } from '../find/snapshot.js';
import { Tail, type TailLimits } from '../read/tail.js';

interface KnownSource extends TailLimits {
  readonly name: string;
}

/** Oldest generation first. A position of a source that is configured no more goes to the one that matches its path now. */
export function knownTails(
  positions: readonly Position[],
  sources: readonly KnownSource[],
  snapshot: Snapshot | undefined,
  nowMs: number,
  nextAge: () => number,
): Tail[] {
  const ordered = [...positions].sort(byAge);
  const logs = snapshot === undefined ? [] : logsIn(snapshot);
  const lineageOf = (position: Position) => lineageAt(position, snapshot, logs);
  const youngest = new Map(ordered.map((position) => [lineageOf(position), position]));
  return ordered.flatMap((position) => {
    const name = sources.some((one) => one.name === position.source)
      ? position.source
      : snapshot?.at(position.path)?.names[0].source;
    const source = sources.find((one) => one.name === name);
    if (source === undefined) return [];
    const lineage = lineageOf(position);
    // Older generations were read to their end before the youngest was begun.
    const doubtful = youngest.get(lineage) === position && position.ended !== true;
    const place = {
      name: 'lost',
      sinceMs: nowMs,
      reason: 'rotated-away',
      size: undefined,
      doubtful,
      told: false,
    } as const;
    return [
      new Tail({ ...position, source: source.name }, source, {
        lineage,
        age: nextAge(),
        bornLook: 0,
        place,
        journaled: true,
      }),
    ];
  });
}

interface Log {
  readonly lineage: string;
  readonly source: string;
}

function logsIn(snapshot: Snapshot): Log[] {
  const names = [...snapshot.files.values()].map(({ names: [name] }) => name);
  return names.filter(({ matched }) => matched).map((name) => ({ lineage: logOf(name), source: name.source }));
}

/** The followed log that it belongs to by its name; in a directory for rotated files the name without the directory must do. */
function lineageAt({ path, source }: Position, snapshot: Snapshot | undefined, logs: readonly Log[]): string {
  const name: Pick<FoundName, 'path' | 'real'> = snapshot?.at(path)?.names.find((one) => one.path === path) ?? { path };
  const lineages = [...lineagesOf(name.real ?? path), ...lineagesOf(path)];
  const own = lineages.find((lineage) => logs.some((log) => log.lineage === lineage));
  if (own !== undefined || !snapshot?.isElsewhere(path)) return own ?? logOf(name);
  const names = lineages.map((lineage) => basename(lineage));
  const called = logs.filter(({ lineage }) => names.includes(basename(lineage)));
  // What bears no log's name is the only log's; a name that two of them have says nothing.
  const [one, another] = called.length > 0 ? called : logs.filter((log) => log.source === source);
  return one !== undefined && another === undefined ? one.lineage : logOf(name);
}

function byAge(a: Position, b: Position): number {
  const [liveA, liveB] = [isLiveName(a.path), isLiveName(b.path)];
  if (liveA !== liveB) return liveA ? 1 : -1;
  return a.identity.birthtimeMs - b.identity.birthtimeMs || (basename(a.path) < basename(b.path) ? -1 : 1);
}
