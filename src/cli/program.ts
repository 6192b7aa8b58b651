/** The command line: which commands there are, and one way of speaking for all of them. */
import { Command, CommanderError, Help, type Option } from 'commander';
import { loadExport } from '../config/load.js';
import { certCommand } from './cert/cert.js';
import { checkCommand } from './check/check.js';
import { configOption } from './config-option.js';
import { demoCommand } from './demo/demo.js';
import { exportCommand } from './export/export.js';
import type { Io } from './io.js';
import { listenCommand } from './listen/listen.js';
import { runCommand } from './run/run.js';
import { sendCommand } from './send.js';
import { statusCommand } from './status/status.js';
import { UsageError } from './usage-error.js';
import { receiptCommand } from './verify/receipt.js';
import { verifyCommand } from './verify/verify.js';
import { packageVersion } from './version.js';
import { COMMAND } from './voice.js';

/** In the order in which `--help` names them. */
const COMMANDS: readonly ((io: Io) => Command)[] = [
  runCommand,
  checkCommand,
  statusCommand,
  certCommand,
  sendCommand,
  listenCommand,
  (io) => exportCommand(io, loadExport),
  verifyCommand,
  receiptCommand,
  demoCommand,
];

const EXAMPLES = `
Examples:
  $ ${COMMAND} demo                          see it work, on this machine alone
  $ ${COMMAND} cert request --help           how to come by a certificate of your exchange
  $ ${COMMAND} check                         is all in order, does each collector answer?
  $ sudo systemctl enable --now ${COMMAND}   forward from now on

Exit status: 0 done, 1 failed, 2 wrong usage or configuration; of status: 0 OK,
1 WAITING, 2 PROBLEM.`;

/** The whole command line, ready to be run, or to be described: manual page and completion are made from it. */
export function makeProgram(io: Io, commands = COMMANDS): Command {
  const program = new Command(COMMAND)
    .description("Forwards OpenEMR's audit trail to an audit repository: syslog over mutual TLS, acknowledged.")
    .version(packageVersion(), '--version', 'print the version')
    .addOption(configOption())
    .addHelpText('after', EXAMPLES);
  for (const command of commands) program.addCommand(command(io));
  settle(program, io);
  return program;
}

/**
 * Does what `args` say (without node and the program's own name). Throws what
 * the command throws, and a UsageError where there is no such command.
 */
export async function runProgram(args: readonly string[], io: Io, commands = COMMANDS): Promise<void> {
  try {
    await makeProgram(io, commands).parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander throws to end: after help or version, which were what was asked for, or not.
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) io.setExitStatus(2);
  }
}

/** Commander hands none of this down to commands that were made apart. */
function settle(command: Command, io: Io): void {
  command
    .configureHelp({ showGlobalOptions: true, optionDescription })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      // What is wrong is thrown as a UsageError instead.
      outputError: () => undefined,
    })
    .exitOverride((error) => {
      throw isAnswer(error) ? error : usageError(error, command);
    });
  for (const child of command.commands) settle(child, io);
}

/** That a switch is off and a list empty when nobody says otherwise needs no words. */
function optionDescription(option: Option): string {
  const { defaultValue } = option;
  const plain = defaultValue === false || (Array.isArray(defaultValue) && defaultValue.length === 0);
  return Help.prototype.optionDescription(
    plain ? Object.create(option, { defaultValue: { value: undefined } }) : option,
  );
}

function isAnswer({ exitCode, code }: CommanderError): boolean {
  return exitCode === 0 || code === 'commander.help';
}

function usageError(error: CommanderError, command: Command): UsageError {
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return new UsageError(message, { cause: error, hint: `see: ${nameOf(command)} --help` });
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}
