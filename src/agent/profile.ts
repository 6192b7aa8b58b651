/** The two ways to say the same: which one, the configuration decides once for all messages. */
import type { MessageConfig } from '../config/config.js';
import type { Run } from '../model/entry.js';
import { AtnaProfile } from './atna-maker.js';
import type { Profile } from './message-maker.js';
import { PlainProfile } from './plain-maker.js';

export function profileOf(message: MessageConfig, run: Run): Profile {
  switch (message.profile) {
    case 'plain':
      return new PlainProfile(message, run);
    case 'atna':
      return new AtnaProfile(message, run);
    default:
      return message.profile satisfies never;
  }
}
