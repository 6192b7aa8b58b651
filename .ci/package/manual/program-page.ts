/** openemr-audit-forwarder(1), from the same commands and options as `--help`. */
import type { Command } from 'commander';
import { addedHelp } from '../described-program.js';
import { type Release, SUMMARY } from '../release.js';
import { bold, paragraph, prose, section, subsection, tagged, term, title, typed, verbatim } from './roff.js';

const FILES: readonly [string, string][] = [
  ['/etc/openemr-audit-forwarder/config.yaml', 'The configuration; see openemr-audit-forwarder(5).'],
  ['/etc/openemr-audit-forwarder/tls/', 'Certificates and key.'],
  [
    '/var/lib/openemr-audit-forwarder/',
    'The journal, the receipts and the state that status shows. Patient data: mode 0700.',
  ],
  ['/usr/share/doc/openemr-audit-forwarder/', 'More documents, examples, licences, bill of materials.'],
];

export function programPage(program: Command, { name, epoch, version }: Release): string {
  const [examples = '', status = ''] = addedHelp(program).split(/\n(?=Exit status:)/);
  const blocks = [
    title({ name, section: 1, epoch, version, manual: 'User Commands' }),
    section('NAME', `${typed(name)} \\- ${prose(SUMMARY)}`),
    section('SYNOPSIS', `${bold(name)} [${term('--config <file>')}] \\fIcommand\\fR [\\fIarguments\\fR]`),
    section('DESCRIPTION', prose(program.description()), ...underSystemd()),
    section('OPTIONS', ...optionsOf(program)),
    section('COMMANDS', ...program.commands.flatMap(commandSections)),
    section('EXIT STATUS', prose(sentence(status.replace(/^Exit status: /, '')))),
    section('ENVIRONMENT', tagged(bold('OAF_DEBUG'), 'Set to any value: errors are printed with their stack trace.')),
    paragraph(prose('Other variables override keys of the configuration; see openemr-audit-forwarder(5).')),
    section('FILES', ...FILES.map(([path, text]) => tagged(`\\fI${typed(path)}\\fR`, prose(text)))),
    section('EXAMPLES', ...added(examples.replace(/^Examples:\n/, ''))),
    section(
      'SEE ALSO',
      '.BR openemr\\-audit\\-forwarder (5),',
      '.BR systemctl (1),',
      '.BR journalctl (1),',
      '.BR rsyslogd (8)',
    ),
  ];
  return `${blocks.join('\n')}\n`;
}

function underSystemd(): string[] {
  return [
    paragraph(
      prose(
        'systemd runs it as openemr-audit-forwarder.service; a second repository gets an instance, ' +
          'openemr-audit-forwarder@NAME.service with NAME.yaml, and openemr-audit-export.service writes the log files ' +
          'where OpenEMR itself does not. Its own log is in the journal of systemd and holds no line of the audit trail.',
      ),
    ),
  ];
}

/** One for the command, and one for each of its subcommands. */
function commandSections(command: Command): string[] {
  const help = command.createHelp();
  const usage = help.commandUsage(command).replace(/^\S+ /, '').replace(' [options]', '');
  const own = subsection(
    term(usage),
    prose(sentence(command.description())),
    ...help
      .visibleArguments(command)
      .map((one) => tagged(term(`<${one.name()}>`), prose(sentence(help.argumentDescription(one))))),
    ...optionsOf(command),
    ...added(addedHelp(command)),
  );
  return [own, ...command.commands.flatMap(commandSections)];
}

function optionsOf(command: Command): string[] {
  const help = command.createHelp();
  return help
    .visibleOptions(command)
    .filter((option) => option.long !== '--help')
    .map((option) => tagged(term(help.optionTerm(option)), prose(sentence(help.optionDescription(option)))));
}

/** Text behind the options: paragraphs, and what is indented stays as it is. */
function added(text: string): string[] {
  return text
    .split(/\n\n|\n(?= )(?<=^\S.*\n)|(?<=^ .*)\n(?=\S)/m)
    .filter((block) => block.trim() !== '')
    .map((block) =>
      block.startsWith(' ')
        ? verbatim(block.split('\n').map((line) => line.replace(/^ {2}/, '')))
        : paragraph(prose(block.replaceAll('\n', ' '))),
    );
}

/** `--help` speaks in fragments, a manual in sentences. */
function sentence(text: string): string {
  const [first = '', ...rest] = text;
  return `${first.toUpperCase()}${rest.join('')}${/[.:]$/.test(text) ? '' : '.'}`;
}
