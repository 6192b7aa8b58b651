/** Of `status`: what is wrong now, and what was and is over, each with its time and what to do. */
import type { ListedProblem } from '../../lib/problems.js';
import { countText, durationText } from '../voice.js';
import { momentText } from './moment.js';

export function problemLines(problems: readonly ListedProblem[], nowMs: number): string[] {
  const present = problems.filter(({ overMs }) => overMs === undefined);
  const past = problems.filter(({ overMs }) => overMs !== undefined);
  return [
    ...(present.length === 0
      ? ['Problems now: none']
      : ['Problems now:', ...present.flatMap((each) => textOf(each, nowMs))]),
    ...(past.length === 0 ? [] : ['Problems that are over:', ...past.flatMap((each) => textOf(each, nowMs))]),
  ];
}

function textOf(problem: ListedProblem, nowMs: number): string[] {
  const { message, facts, remedy, overMs } = problem;
  const words = Object.entries(facts)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}: ${value}`);
  return [
    `  ${message}`,
    `    ${timesText(problem, nowMs)}`,
    ...(words.length === 0 ? [] : [`    ${words.join(', ')}`]),
    ...(overMs !== undefined || remedy === undefined || remedy === '' ? [] : [`    hint: ${remedy}`]),
  ];
}

/** `warning since 2026-11-23 10:00:05Z (2 h ago)`, `warning, lasted 3 min, ended …`. */
function timesText({ level, sinceMs, overMs, times }: ListedProblem, nowMs: number): string {
  if (overMs === undefined) return `${level} since ${momentText(sinceMs, nowMs)}`;
  const often = times === 1 ? '' : `, ${countText(times)} times`;
  const lasted = overMs - sinceMs < 1000 ? '' : `, lasted ${durationText(overMs - sinceMs)}`;
  return `${level}${often}${lasted}, over since ${momentText(overMs, nowMs)}`;
}
