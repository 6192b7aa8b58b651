/** The two ways to say the same: which one, the configuration decides once for all messages. */
import type { MessageConfig } from '../../config/config.js';
import type { Run } from '../../model/entry.js';
import type { ClockSync } from '../../observe/clock-sync.js';
import { AtnaProfile } from './atna-maker.js';
import type { Profile } from './message-maker.js';
import { PlainProfile } from './plain-maker.js';

/** `clock`: whether this machine's clock is synchronised, now. */
export function profileOf(message: MessageConfig, run: Run, clock: () => ClockSync): Profile {
  switch (message.profile) {
    case 'plain':
      return new PlainProfile(message, run, clock);
    case 'atna':
      return new AtnaProfile(message, run);
    default:
      return message.profile satisfies never;
  }
}
