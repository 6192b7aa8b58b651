/** Positions for tests to which the file does not matter. */
import type { Position } from '../../src/model/position.js';

export const TAIL_ID = '0123456789abcdef';

export function positionAt(offset: number, path = '/var/log/audit.log'): Position {
  const identity = { inode: 1, device: 1, birthtimeMs: 0, head: '', last: '' };
  return { tailId: TAIL_ID, source: 'main', path, offset, identity };
}
