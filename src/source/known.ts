/** The tails that the journal remembers, waiting to be given their files. */
import { basename } from 'node:path';
import type { Position } from '../model/position.js';
import { isLiveName, lineagesOf } from './lineage.js';
import { Tail } from './tail.js';
import type { TailLimits } from './tail-options.js';
import type { View } from './view.js';

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
  const homes = homesOf(view);
  const lineageOf = ({ path }: Position) => lineageAt(path, view, homes);
  const youngest = new Map(ordered.map((position) => [lineageOf(position), position]));
  return ordered.flatMap((position) => {
    const name = sources.some((one) => one.name === position.source)
      ? position.source
      : view?.at(position.path)?.ways[0].source;
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
      new Tail({ ...position, source: source.name }, source, { lineage, age: 0, bornLook: 0, place, journaled: true }),
    ];
  });
}

/** Followed logs by name; a name that two of them have says nothing. */
function homesOf(view: View | undefined): ReadonlyMap<string, string | undefined> {
  const homes = new Map<string, string | undefined>();
  for (const { ways } of view?.files.values() ?? []) {
    const [{ path, real, matched }] = ways;
    const [lineage] = lineagesOf(real ?? path);
    const name = basename(lineage);
    if (matched) homes.set(name, homes.has(name) && homes.get(name) !== lineage ? undefined : lineage);
  }
  return homes;
}

/** A file in a directory for rotated ones belongs to the log whose name it bears. */
function lineageAt(path: string, view: View | undefined, homes: ReadonlyMap<string, string | undefined>): string {
  const way = view?.at(path)?.ways.find((one) => one.path === path);
  const [lineage] = lineagesOf(way?.real ?? path);
  return (view?.isElsewhere(path) ? homes.get(basename(lineage)) : undefined) ?? lineage;
}

function byAge(a: Position, b: Position): number {
  const [liveA, liveB] = [isLiveName(a.path), isLiveName(b.path)];
  if (liveA !== liveB) return liveA ? 1 : -1;
  return a.identity.birthtimeMs - b.identity.birthtimeMs || (basename(a.path) < basename(b.path) ? -1 : 1);
}
