/** Of `status`: the last problems, with their time and what to do. */
import type { Problem } from '../../agent/problems.js';
import { countText } from '../voice.js';
import { momentText } from './moment.js';

export function problemLines(problems: readonly Problem[], nowMs: number): string[] {
  if (problems.length === 0) return ['last problems: none since the start'];
  return ['last problems:', ...problems.flatMap((problem) => textOf(problem, nowMs))];
}

function textOf({ atMs, level, message, facts, remedy, times }: Problem, nowMs: number): string[] {
  const often = times === 1 ? '' : `, ${countText(times)} times`;
  const words = Object.entries(facts)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}: ${value}`);
  return [
    `  ${momentText(atMs, nowMs)} ${level}${often}: ${message}`,
    ...(words.length === 0 ? [] : [`    ${words.join(', ')}`]),
    ...(remedy === undefined || remedy === '' ? [] : [`    hint: ${remedy}`]),
  ];
}
