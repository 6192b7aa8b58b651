/** Shows with `--help` how each `cert` command is used for what people want of it: the task, then the line to type. */
import type { Command } from 'commander';
import { COMMAND } from '../voice.js';

type Example = readonly [task: string, line: string];

const DIRECTORY = '/etc/openemr-audit-forwarder/tls';

const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  cert: [
    ['Try it out, with a CA of your own:', 'cert init try'],
    ['Get a certificate from your exchange, and install what comes back:', 'cert request --help'],
    ['See what is in a file that somebody sent you:', 'cert show answer.p7b'],
    ['Find out why the collector refuses us, or we refuse it:', 'cert verify --host hie.example.org:6514'],
    ['Renew a certificate that is about to expire:', 'cert renew --help'],
  ],
  init: [
    ['Everything on this machine:', 'cert init try'],
    ['A collector with rsyslog on another machine:', 'cert init try --dns hie.example.org --collector rsyslog'],
  ],
  request: [
    [
      'On the host of the agent, with the subject that the exchange asks for:',
      `cert request --dir ${DIRECTORY} --owner openemr-audit \\
        --subject "/C=US/O=My Clinic/CN=emr.clinic.example" --dns emr.clinic.example`,
    ],
    ['When the answer of the CA is here:', 'cert import ANSWER --trust'],
  ],
  import: [
    [
      'What the CA sent back, in any form; its root is what collectors are checked against:',
      'cert import answer.p7b --trust',
    ],
    ['The same for the key of "cert renew --request"; the old pair is kept:', 'cert import answer.pem'],
  ],
  renew: [
    ['The exchange signs: make a request, send it, install the answer:', 'cert renew --request openemr.csr'],
    ['', 'cert import ANSWER'],
    ['Your own CA signs; the new pair is in use at once:', 'cert renew --ca-key cakey.pem'],
    [
      'The same, installed only if the collector accepts it:',
      'cert renew --ca-key cakey.pem --host hie.example.org:6514',
    ],
  ],
  verify: [
    ['The files of the agent, and the collector:', 'cert verify --host hie.example.org:6514'],
    ['As the agent does it, with all of its settings:', 'cert verify --host hie.example.org:6514 --config FILE'],
  ],
};

/** Where there are any. */
export function withExamples(command: Command): Command {
  const examples = EXAMPLES[command.name()];
  if (examples === undefined) return command;
  const lines = examples.map(([task, line]) => `${task === '' ? '' : `  ${task}\n`}    $ ${COMMAND} ${line}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
