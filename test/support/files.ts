/** Log files in a temporary directory, written and rotated as programs and logrotate do it. */
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ExecutionContext } from 'ava';

/** A directory that the test has for itself, removed afterwards. */
export function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'oaf-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function append(path: string, ...lines: readonly string[]): void {
  appendFileSync(path, lines.map((line) => `${line}\n`).join(''));
}

/** `prefix 1` … `prefix count`. */
export function numbered(prefix: string, count: number, first = 1): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${first + index}`);
}

export function copyTruncate(path: string, copy: string): void {
  copyFileSync(path, copy);
  truncateSync(path);
}

/** As gzip(1) does: writes beside, keeps the times, unlinks the original. */
export function compress(path: string, compressed = `${path}.gz`): void {
  const { atime, mtime } = statSync(path);
  writeFileSync(compressed, gzipSync(readFileSync(path)));
  utimesSync(compressed, atime, mtime);
  rmSync(path);
}

/** What this process has open, of all paths that begin so. */
export function openPaths(start: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(start) ? [path] : [];
    } catch {
      // The descriptor by which the list itself was read.
      return [];
    }
  });
}
