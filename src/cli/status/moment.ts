/** A moment for somebody who compares it with a clock: `2026-11-23 10:00:05Z (2 h ago)`. */
import { durationText } from '../voice.js';

export function momentText(atMs: number, nowMs: number): string {
  const time = new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
  return `${time}Z (${durationText(Math.max(0, nowMs - atMs))} ago)`;
}
