/** Of `status`: what is followed, how far reading is behind, and what has become of the lines. */
import type { SourceState } from '../../agent/lag.js';
import type { AgentState } from '../../agent/state.js';
import { countText, durationText, plural, sizeText } from '../voice.js';

export function sourceLines(state: AgentState): string[] {
  return [
    ...state.sources.flatMap((source) => sourceText(source, state)),
    ...ownTailLines(state),
    ...countLines(state),
  ];
}

function sourceText(source: SourceState, { files }: AgentState): string[] {
  const { name, files: followed, unreadable, lagBytes } = source;
  if (followed + unreadable === 0) {
    return [`source ${name}: no file matches yet; look at its paths: openemr-audit-forwarder check --offline`];
  }
  const lag = lagBytes === 0 ? 'all read' : lagText(source);
  const blocked = files.filter((file) => file.source === name && file.code !== undefined);
  return [
    `source ${name}: ${plural(followed, 'file')}, ${lag}`,
    ...blocked.map(({ path, code }) => `  cannot read ${path} (${code}); ${remedyFor(path, code)}`),
  ];
}

/** `12 MiB not read yet, about 34,000 lines, the oldest for 3 min 20 s`. */
function lagText({ lagBytes, lagLines, lagMs }: SourceState): string {
  const lines = lagLines === undefined ? '' : `, about ${plural(lagLines, 'line')}`;
  const age = lagMs < 1_000 ? '' : `, the oldest for ${durationText(lagMs)}`;
  return `${sizeText(lagBytes)} not read yet${lines}${age}`;
}

function remedyFor(path: string, code = ''): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `let the user openemr-audit read it and enter the directories above it: setfacl -m u:openemr-audit:rX ${path}, or what check says`;
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open; raise LimitNOFILE= of the unit';
    default:
      return 'see the log: journalctl -u openemr-audit-forwarder';
  }
}

function ownTailLines({ ownTails }: AgentState): string[] {
  return ownTails.map(
    (path) => `  PROBLEM: ${path} fills with our own messages; let the collector write elsewhere, or exclude the file`,
  );
}

function countLines({ counts }: AgentState): string[] {
  const { lines, unparsed, empty, filtered, altered, changed, faulty } = counts;
  const said = [
    `lines: ${countText(lines)} read since the start, ${countText(unparsed)} not understood and sent as they are, ${countText(empty)} empty`,
  ];
  if (filtered > 0) said.push(`  ${countText(filtered)} left out by message.include and message.exclude`);
  const told = 'the collector was told which (kind="tamper")';
  if (altered > 0) said.push(`  ${countText(altered)} ALTERED since OpenEMR wrote them, by their checksum; ${told}`);
  if (changed > 0) said.push(`  ${countText(changed)} found DELETED OR EDITED in the database by the export; ${told}`);
  if (faulty > 0)
    said.push(`  ${countText(faulty)} not made messages as their format asks: a fault of the program, told in the log`);
  return said;
}
