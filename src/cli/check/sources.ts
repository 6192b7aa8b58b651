/** Which files each source matches now, and which of them cannot be read. */
import { randomBytes } from 'node:crypto';
import { access, constants } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { Config } from '../../config/config.js';
import { systemClock } from '../../lib/clock.js';
import { systemCode } from '../../lib/errors.js';
import { bytesOfPath } from '../../lib/file-names.js';
import { systemFiles } from '../../lib/files.js';
import { Problems } from '../../lib/problems.js';
import type { Report } from '../../model/report.js';
import { type FileState, Sources } from '../../source/sources.js';
import { plural, sizeText } from '../voice.js';
import { bad, type Finding, good, warning } from './finding.js';
import { ownTails } from './own-tails.js';
import { permissionCommand } from './permission.js';

export async function checkSources({ sources, message }: Config): Promise<Finding[]> {
  const warnings: Finding[] = [];
  const report = collecting(warnings);
  const followed = await Sources.open(sources, [], {
    clock: systemClock,
    files: systemFiles,
    report,
    problems: new Problems(systemClock).of(report),
    notice: () => undefined,
    newTailId: () => randomBytes(8).toString('hex'),
  });
  const files = await Promise.all(followed.files().map(withAccess));
  await followed.close();
  const loops = await ownTails(files, message.enterpriseId);
  const bySource = await Promise.all(sources.map(({ name, paths }) => ofSource(name, paths, files)));
  return [...bySource.flat(), ...loops, ...warnings];
}

/** Nothing has been read here that could have failed. */
async function withAccess(file: FileState): Promise<FileState> {
  if (file.code !== undefined) return file;
  return access(bytesOfPath(file.path), constants.R_OK).then(
    () => file,
    (error: unknown) => ({ ...file, code: systemCode(error) }),
  );
}

async function ofSource(name: string, paths: readonly string[], files: readonly FileState[]): Promise<Finding[]> {
  const own = files.filter(({ source }) => source === name);
  if (own.length === 0) {
    return [
      warning(
        `source ${name}: no file matches ${paths.join(' ')}`,
        'files that appear later are followed; if they should be there, correct sources[].paths',
      ),
    ];
  }
  const readable = own.filter(({ code }) => code === undefined);
  const bytes = readable.reduce((sum, { size = 0 }) => sum + size, 0);
  const unreadable = await Promise.all(own.filter(({ code }) => code !== undefined).map(unreadableFile));
  if (readable.length === 0) return unreadable;
  return [good(`source ${name}: ${plural(readable.length, 'file')}, ${sizeText(bytes)}`), ...unreadable];
}

async function unreadableFile({ path, code, source }: FileState): Promise<Finding> {
  const command = code === 'EACCES' ? await permissionCommand(path, '/proc/self') : undefined;
  const hint =
    command === undefined ? 'see to the file; it is tried again while the agent runs' : `as root: ${command}`;
  return bad(`source ${source}: cannot read ${path} as ${userInfo().username} (${code})`, hint);
}

/** Whatever the sources warn of is a finding. */
function collecting(findings: Finding[]): Report {
  const ignore = () => undefined;
  const take: Report['warning'] = (message, { remedy, ...facts } = {}) => {
    const details = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
    findings.push(warning([message, ...details].join(', '), remedy === undefined ? undefined : String(remedy)));
  };
  return { debug: ignore, info: ignore, notice: ignore, warning: take, error: take };
}
