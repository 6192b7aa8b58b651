import test from 'ava';
import type { Command } from 'commander';
import { describedProgram } from '../../.ci/package/described-program.js';
import { configurationPage } from '../../.ci/package/manual/configuration-page.js';
import { programPage } from '../../.ci/package/manual/program-page.js';
import { bold, prose, term, typed, verbatim } from '../../.ci/package/manual/roff.js';
import type { Release } from '../../.ci/package/release.js';
import { keysBelow } from '../../src/config/key.js';
import { schema } from '../../src/config/schema.js';

const release: Release = {
  name: 'openemr-audit-forwarder',
  version: '1.2.3',
  description: '',
  epoch: 1_795_435_200,
  quick: true,
  root: '/',
};
const program = await describedProgram();

function commandsBelow(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...commandsBelow(child)]);
}

test('the page of the program names every command and every option', (t) => {
  const page = programPage(program, release);
  for (const command of commandsBelow(program)) {
    const path = command.parent === program ? command.name() : `${command.parent?.name()} ${command.name()}`;
    t.true(page.includes(`\n.SS \\fB${typed(path)}`), path);
    for (const { long } of command.options) t.true(page.includes(`\n.TP\n\\fB${typed(long ?? '')}`), `${path} ${long}`);
  }
  t.true(commandsBelow(program).length > 20);
});

test('the page of the configuration names every key, with what it may be and what it is when left out', (t) => {
  const page = configurationPage(release);
  for (const [path] of keysBelow(schema)) t.true(page.includes(`.TP\n${bold(path)}\n`), path);
  const [, keepFree = ''] = page.split(bold('journal.keepFree'));
  t.regex(
    keepFree,
    /^[^\n]*\n[^\n]*\n\.br\nValue: a percentage, such as 10%, at most 90%\. Default: 10%\. A change needs a\nrestart\.\n/,
  );
  const [, host = ''] = page.split(bold('collectors[].host'));
  t.regex(host.slice(0, host.indexOf('.TP')), /Required\.\n$/);
});

test('a page says the version and the day of the release', (t) => {
  t.regex(
    programPage(program, release),
    /^\.TH OPENEMR\\-AUDIT\\-FORWARDER 1 2026-11-23 "\S+ 1\.2\.3" "User Commands"\n/,
  );
  t.regex(configurationPage(release), /^\.TH OPENEMR\\-AUDIT\\-FORWARDER 5 2026-11-23 /);
});

test('no text is taken for a request or an escape', (t) => {
  t.is(prose('.SH is text'), '\\&.SH is text');
  t.is(prose("'tis"), "\\&'tis");
  t.is(prose('a\\b'), 'a\\eb');
  t.is(verbatim(['.x']), '.RS 4\n.EX\n\\&.x\n.EE\n.RE');
  const long = prose(`${'word '.repeat(16)}.end`);
  t.false(
    long.split('\n').some((line) => line.startsWith('.') || line.length > 80),
    long,
  );
});

test('an option can be copied from the page into a shell, with ASCII hyphens', (t) => {
  t.is(prose('with --raw, kept as is'), 'with \\-\\-raw, kept as is');
  t.is(prose('follow-up'), 'follow-up');
  t.is(term('--config <file>'), '\\fB\\-\\-config \\fR\\fIfile\\fR');
});

test('a placeholder that may be left out stands in brackets', (t) => {
  t.is(term('--receipts [dir]'), '\\fB\\-\\-receipts \\fR[\\fIdir\\fR]');
});
