/**
 * An open file that one Sources leaves to the next, when the configuration is
 * read again: it may have been deleted, and then nothing else leads to its text.
 */
import type { Position } from '../model/position.js';
import type { Content } from './content.js';

export interface HeldFile {
  readonly position: Position;
  readonly content: Content;
}
