/** The tails that the journal remembers, waiting to be given their files. */
import { basename } from 'node:path';
import type { Position } from '../model/position.js';
import type { View } from './discover.js';
import { isLiveName, lineagesOf } from './lineage.js';
import { Tail, type TailLimits } from './tail.js';

interface KnownSource extends TailLimits {
  readonly name: string;
}

/** Oldest generation first. A position of a source that is configured no more goes to the one that matches its path now. */
export function knownTails(
  positions: readonly Position[],
  sources: readonly KnownSource[],
  view: View | undefined,
  nowMs: number,
): Tail[] {
  const ordered = [...positions].sort(byAge);
  const youngest = new Map(ordered.map((position) => [lineageAt(position.path, view), position]));
  return ordered.flatMap((position) => {
    const name = sources.some((one) => one.name === position.source)
      ? position.source
      : view?.at(position.path)?.ways[0].source;
    const source = sources.find((one) => one.name === name);
    if (source === undefined) return [];
    const lineage = lineageAt(position.path, view);
    // Older generations were read to their end before the youngest was begun.
    const doubtful = youngest.get(lineage) === position;
    const place = {
      name: 'lost',
      sinceMs: nowMs,
      reason: 'rotated-away',
      size: undefined,
      doubtful,
      told: false,
    } as const;
    return [new Tail({ ...position, source: source.name }, source, { lineage, age: 0, place, journaled: true })];
  });
}

function lineageAt(path: string, view: View | undefined): string {
  const way = view?.at(path)?.ways.find((one) => one.path === path);
  return lineagesOf(way?.real ?? path)[0];
}

function byAge(a: Position, b: Position): number {
  const [liveA, liveB] = [isLiveName(a.path), isLiveName(b.path)];
  if (liveA !== liveB) return liveA ? 1 : -1;
  return a.identity.birthtimeMs - b.identity.birthtimeMs || (basename(a.path) < basename(b.path) ? -1 : 1);
}
