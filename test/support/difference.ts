/** The first few lines that should have come and did not, or came and should not, or too often. */
export function difference(
  expected: readonly string[],
  found: readonly string[],
): Record<'missing' | 'unexpected', string[]> {
  const count = new Map<string, number>();
  for (const line of expected) count.set(line, (count.get(line) ?? 0) + 1);
  for (const line of found) count.set(line, (count.get(line) ?? 0) - 1);
  const some = (sign: number) =>
    [...count]
      .filter(([, n]) => n * sign > 0)
      .map(([line]) => line)
      .slice(0, 10);
  return { missing: some(1), unexpected: some(-1) };
}
