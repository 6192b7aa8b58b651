/**
 * What rotation leaves for the agent to find when it was away: the rotated
 * files that it would look into, and what logrotate has been told to do that
 * would put them out of its reach.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Config, SourceConfig } from '../../config/config.js';
import { plural, sizeText } from '../voice.js';
import { type Finding, good, warning } from './finding.js';
import { isLookedInto, type Log } from './log-files.js';
import { type ConfigurationFiles, type Rotation, rotatedPath, rotationFor } from './logrotate.js';

/** A followed log, and the stanza of logrotate's that rotates it. */
export interface RotatedLog {
  readonly log: Log;
  readonly rotation: Rotation | undefined;
}

// What gunzip understands.
const GZIP = /^(?:gzip|pigz|zopfli|igzip)$/;
const MOST_NAMED = 3;

export const systemConfiguration: ConfigurationFiles = {
  read: async (path) => ((await stat(path)).isDirectory() ? readdir(path) : readFile(path, 'utf8')),
};

export function withRotations(logs: readonly Log[], rotations: readonly Rotation[]): RotatedLog[] {
  return logs.map((log) => ({
    log,
    rotation: rotationFor(log.path, rotations) ?? rotationFor(log.real, rotations),
  }));
}

export function checkRotation({ sources }: Config, logs: readonly RotatedLog[], now: Date): Finding[] {
  return sources.flatMap((source) => {
    const own = logs.filter(({ log }) => log.source === source.name);
    const warnings = own.flatMap(({ log, rotation }) =>
      rotation === undefined ? [] : warningsOf(source, log, rotation, now),
    );
    // One stanza often rotates many logs: what is wrong with it is said once.
    const once = [...new Map(warnings.map((finding) => [finding.text, finding])).values()];
    return [...usedFiles(source.name, own), ...once];
  });
}

function usedFiles(source: string, logs: readonly RotatedLog[]): Finding[] {
  const files = logs.flatMap(({ log }) => log.rotated);
  if (files.length === 0) return [];
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const named = files.slice(0, MOST_NAMED).map(({ path }) => path);
  const others = files.length - named.length;
  const list = named.join(', ') + (others > 0 ? ` and ${others} more` : '');
  return [good(`source ${source}: ${plural(files.length, 'rotated file')} to look into, ${sizeText(bytes)}: ${list}`)];
}

function warningsOf(source: SourceConfig, log: Log, rotation: Rotation, now: Date): Finding[] {
  const where = `source ${source.name}: logrotate (${rotation.file})`;
  const logs = rotation.patterns.join(' ');
  const findings: Finding[] = [];
  if (rotation.rotate === 0) {
    return [
      warning(
        `${where} removes ${logs} at rotation; what is unread then is lost`,
        'set rotate to 7 or more there: it is the time for which the agent may be away',
      ),
    ];
  }
  const newest = rotatedPath(log.real, rotation, now);
  if (!isLookedInto(newest, log.real, source)) findings.push(outOfReach(where, source, log, newest));
  if (rotation.compressor !== undefined && !GZIP.test(basename(rotation.compressor))) {
    findings.push(
      warning(
        `${where} compresses ${logs} with ${rotation.compressor}, which the agent cannot read`,
        'leave compresscmd out there, so that it is gzip; what is unread when it is compressed is lost otherwise',
      ),
    );
  }
  if (rotation.copytruncate) {
    findings.push(
      warning(
        `${where} rotates ${logs} by copytruncate; what is written between copy and truncation is lost before anyone can read it`,
        'use create there if the program that writes opens its log anew (OpenEMR and `export` do)',
      ),
    );
  }
  return findings;
}

function outOfReach(where: string, source: SourceConfig, log: Log, newest: string): Finding {
  const directory = dirname(newest);
  const pattern = join(directory, directory === dirname(log.real) ? basename(newest) : `${basename(log.real)}*`);
  const moved =
    directory === dirname(log.real) ? `renames ${log.path} to ${newest}` : `moves ${log.path} to ${directory}`;
  return warning(
    `${where} ${moved}, where the agent does not look for what it has not read`,
    `add to source ${source.name}: rotated: ["${pattern}"]`,
  );
}
