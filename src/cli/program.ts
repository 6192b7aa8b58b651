/**
 * The command line: which commands there are, and one way of speaking for all of
 * them. The modules of a command are loaded when it is called: all of them take
 * longer to load than the agent takes to start.
 */
import { Command, CommanderError, Help, type Option } from 'commander';
import { configOption } from './config-option.js';
import type { Io } from './io.js';
import { UsageError } from './usage-error.js';
import { packageVersion } from './version.js';
import { COMMAND } from './voice.js';

type MakeCommand = (io: Io) => Command;

/** By name, in the order in which `--help` lists them. */
const COMMANDS: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  run: async () => (await import('./run/run.js')).runCommand,
  check: async () => (await import('./check/check.js')).checkCommand,
  status: async () => (await import('./status/status.js')).statusCommand,
  cert: async () => (await import('./cert/cert.js')).certCommand,
  send: async () => (await import('./send.js')).sendCommand,
  listen: async () => (await import('./listen/listen.js')).listenCommand,
  export: async () => {
    const [{ exportCommand }, { loadExport }] = await Promise.all([
      import('./export/export.js'),
      import('../config/load.js'),
    ]);
    return (io) => exportCommand(io, loadExport);
  },
  verify: async () => (await import('./verify/verify.js')).verifyCommand,
  receipt: async () => (await import('./verify/receipt.js')).receiptCommand,
  demo: async () => (await import('./demo/demo.js')).demoCommand,
};

/** Those that `args` may call; all of them where no argument is the name of one, for then they are to be listed. */
async function commandsFor(args: readonly string[]): Promise<readonly MakeCommand[]> {
  const all = Object.entries(COMMANDS);
  const first = all.filter(([name]) => name === args[0]);
  // Options may come before it, and their values may be the names of others.
  const named = first.length > 0 ? first : all.filter(([name]) => args.includes(name));
  return Promise.all((named.length === 0 ? all : named).map(([, load]) => load()));
}

const EXAMPLES = `
Examples:
  See it work, on this machine alone:
    $ ${COMMAND} demo
  Get a certificate from your exchange:
    $ ${COMMAND} cert request --help
  Test configuration, files, certificates and collectors:
    $ ${COMMAND} check
  Forward from now on, also after a restart of the machine:
    $ sudo systemctl enable --now ${COMMAND}

Exit status: 0 done, 1 failed, 2 wrong usage or configuration. For status: 0 OK,
1 WAITING, 2 PROBLEM.`;

/** The whole command line, ready to be run, or to be described: manual page and completion are made from it. */
export async function wholeProgram(io: Io): Promise<Command> {
  return programOf(io, await commandsFor([]));
}

function programOf(io: Io, commands: readonly MakeCommand[]): Command {
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
export async function runProgram(args: readonly string[], io: Io, commands?: readonly MakeCommand[]): Promise<void> {
  const program = programOf(io, commands ?? (await commandsFor(args)));
  try {
    await program.parseAsync(asksForVersion(args) ? ['--version'] : args, { from: 'user' });
  } catch (error) {
    // Commander throws to end: after help or version, which were what was asked for, or not.
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) io.setExitStatus(2);
  }
}

/** In each way in which people ask for it. */
function asksForVersion([first, ...others]: readonly string[]): boolean {
  return others.length === 0 && ['version', '-v', '-V'].includes(first ?? '');
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
