/**
 * `check`: tests whether the agent would work with this configuration on this
 * host. It checks files, journal and certificates, then makes a real handshake
 * with each collector. It sends no message, and leaves nothing behind: a small file is
 * written beside the journal, synced and removed.
 */
import { Command } from 'commander';
import { loadConfig } from '../../config/load.js';
import { configFileOf } from '../config-option.js';
import type { Io } from '../io.js';
import { checkCollectors } from './collectors.js';
import { checkCredentials, checkReadable } from './credentials.js';
import { checkConfiguredExport } from './export.js';
import { checkJournal } from './journal.js';
import { checkOutage } from './outage.js';
import { serviceUser } from './permission.js';
import { type CheckResult, good, note, printResult, warning } from './result.js';
import { checkRotation } from './rotation.js';
import { checkSources } from './sources.js';

const DOCUMENTATION_NUMBER = '32473';

export function checkCommand(io: Io): Command {
  return new Command('check')
    .description('check configuration, files, certificates and collectors')
    .option('--offline', 'do not connect to the collectors')
    .option('--logrotate <file>', 'configuration file of logrotate', '/etc/logrotate.conf')
    .addHelpText(
      'after',
      `
Prints a line for each check, and what to do where something is wrong. Files are
judged as the user that the service runs as, also when root runs this.

Exit status: 0 no check failed (there may be warnings), 1 a check failed, 2 the
configuration has a fault.`,
    )
    .action(async ({ offline, logrotate }: { offline?: true; logrotate: string }, command: Command) => {
      const file = configFileOf(command);
      const config = await loadConfig(file, io.env);
      let failed = false;
      const print = (result: CheckResult) => {
        failed ||= result.verdict === 'bad';
        printResult(result, io);
      };

      print(good(`configuration ${file}`));
      if (config.message.enterpriseId === DOCUMENTATION_NUMBER) {
        print(
          note(
            'message.enterpriseId is 32473, the number reserved for documentation (RFC 5612)',
            'the agent works with it; before production, register your own with IANA (free of charge)',
          ),
        );
      }
      for (const source of config.sources) {
        if (source.timeZoneGuessed && source.format !== 'text') {
          print(
            warning(
              `source ${source.name}: timeZone is not set; times without an offset are read as ${source.timeZone}`,
              'set sources[].timeZone to the zone of OpenEMR (its gbl_time_zone)',
            ),
          );
        }
      }
      const user = await serviceUser(config);
      for (const result of await checkSources(config, user)) print(result);
      for (const result of await checkJournal(config.journal, user)) print(result);
      const rotation = await checkRotation(config, logrotate, io.env, user);
      for (const result of rotation.results) print(result);
      const asked = rotation.isKnown ? logrotate : undefined;
      for (const result of await checkOutage(config, rotation.logs, asked)) print(result);
      const { results, credentials } = await checkCredentials(config.tls, io.env);
      for (const result of results) print(result);
      for (const result of await checkReadable(config)) print(result);
      if (offline !== true) for await (const result of checkConfiguredExport(file, config, io.env)) print(result);
      if (offline !== true && credentials !== undefined) {
        for await (const result of checkCollectors(config, credentials, io.signal)) print(result);
      }
      if (failed) io.setExitStatus(1);
    });
}
