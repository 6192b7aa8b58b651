/**
 * `check`: would the agent work with this configuration, here and now? Looks
 * at files, journal and certificates, then makes a real handshake with each
 * collector. It changes nothing and sends nothing.
 */
import { Command } from 'commander';
import type { Config } from '../../config/config.js';
import { loadConfig } from '../../config/load.js';
import { systemClock } from '../../lib/clock.js';
import { configFileOf } from '../config-option.js';
import type { Io } from '../io.js';
import { checkCollectors } from './collectors.js';
import { checkCredentials } from './credentials.js';
import { type Finding, good, printFinding, warning } from './finding.js';
import { checkJournal, usableBytes } from './journal.js';
import { followedLogs } from './log-files.js';
import { readRotations } from './logrotate.js';
import { checkOutage } from './outage.js';
import { checkReadable } from './readable.js';
import { checkRotation, systemConfiguration, withRotations } from './rotation.js';
import { checkSources } from './sources.js';

const DOCUMENTATION_NUMBER = '32473';

export function checkCommand(io: Io): Command {
  return new Command('check')
    .description('look whether all is in order, and whether each collector takes us')
    .option('--offline', 'do not connect to the collectors')
    .option('--logrotate <file>', 'configuration of logrotate', '/etc/logrotate.conf')
    .addHelpText(
      'after',
      '\nPrints a line for each thing looked at. Exit status: 0 all in order (warnings included), 1 something failed, 2 the configuration is wrong.',
    )
    .action(async ({ offline, logrotate }: { offline?: true; logrotate: string }, command: Command) => {
      const file = configFileOf(command);
      const config = await loadConfig(file, io.env);
      let failed = false;
      const print = (finding: Finding) => {
        failed ||= finding.verdict === 'bad';
        printFinding(finding, io);
      };

      print(good(`configuration ${file}`));
      if (config.message.enterpriseId === DOCUMENTATION_NUMBER) {
        print(
          warning(
            'message.enterpriseId is 32473, the number reserved for documentation (RFC 5612)',
            'register one of your own, free of charge, with IANA (private enterprise numbers); until then it works all the same',
          ),
        );
      }
      for (const source of config.sources) {
        if (source.timeZoneGuessed && source.format !== 'text') {
          print(
            warning(
              `source ${source.name}: timeZone is not set; times without offset are taken for ${source.timeZone}`,
              'set sources[].timeZone to the zone of OpenEMR (its gbl_time_zone)',
            ),
          );
        }
      }
      for (const finding of await checkSources(config)) print(finding);
      for (const finding of await checkJournal(config.journal)) print(finding);
      for (const finding of await checkRotations(config, logrotate)) print(finding);
      const { findings, credentials } = await checkCredentials(config.tls, io.env);
      for (const finding of findings) print(finding);
      for (const finding of await checkReadable(config)) print(finding);
      if (offline !== true && credentials !== undefined) {
        for await (const finding of checkCollectors(config, credentials, io.signal)) print(finding);
      }
      if (failed) io.setExitStatus(1);
    });
}

async function checkRotations(config: Config, logrotateFile: string): Promise<Finding[]> {
  const nowMs = systemClock.nowMs();
  const { rotations } = await readRotations(logrotateFile, systemConfiguration);
  const logs = withRotations(await followedLogs(config.sources, systemClock.nowMs), rotations);
  const journalBytes = Math.min(config.journal.maxBytes, await usableBytes(config.journal));
  return [
    ...checkRotation(config, logs, new Date(nowMs)),
    ...(await checkOutage(config, { logs, journalBytes, logrotateFile, nowMs })),
  ];
}
