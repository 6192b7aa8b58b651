/** What goes with a tail from chunk to chunk, and into its position. */
import type { InsideLine, LineMemory, Position, TailId } from '../model/position.js';

export interface TailState {
  inside: InsideLine | undefined;
  memory: LineMemory;
}

export function statesAt(positions: readonly Position[]): Map<TailId, TailState> {
  return new Map(positions.map((position) => [position.tailId, stateAt(position)]));
}

export function stateAt({ insideLine, doubledHour, columns }: Position): TailState {
  return { inside: insideLine, memory: { ...(doubledHour && { doubledHour }), ...(columns && { columns }) } };
}

/** The position, with what the next chunk of this tail has to know. */
export function positionWith(position: Position, { inside, memory }: TailState): Position {
  const { insideLine: _inside, doubledHour: _hour, columns: _columns, ...place } = position;
  const { doubledHour, columns } = memory;
  return {
    ...place,
    ...(inside && { insideLine: inside }),
    ...(doubledHour && { doubledHour }),
    ...(columns && { columns }),
  };
}
