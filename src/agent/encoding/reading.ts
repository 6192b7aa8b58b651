/** One chunk on its way into frames: its bytes, where they stand, and what has become of its lines so far. */
import type { TailId } from '../../model/position.js';
import type { Tampering } from '../../model/record.js';
import type { FrameWriter } from '../../syslog/frame-writer.js';
import type { Describer, MessageMaker } from './message-maker.js';
import type { TailState } from './tail-state.js';

export interface Reading extends TailState {
  readonly bytes: Buffer;
  readonly tailId: TailId;
  /** Of the first byte. */
  readonly offset: number;
  /** All of the bytes are ASCII: no line needs to be asked. */
  readonly ascii: boolean;
  readonly maker: MessageMaker;
  readonly describer: Describer;
  readonly writer: FrameWriter;
  /** Signs of it in the lines so far. */
  readonly tampering: Tampering[];
}
