/** `--config FILE`, which every command understands, before or after its name. */
import { type Command, Option } from 'commander';

const DEFAULT_FILE = '/etc/openemr-audit-forwarder/config.yaml';

export function configOption(): Option {
  return new Option('--config <file>', 'the configuration').default(DEFAULT_FILE);
}

/** What it says for the command that is being run. */
export function configFileOf(command: Command): string {
  return command.optsWithGlobals<{ config: string }>().config;
}
