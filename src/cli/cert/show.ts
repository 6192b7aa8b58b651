/** `cert show`: prints what certificate files of any kind hold. */
import { Command } from 'commander';
import { factsOf } from '../../pki/inspect.js';
import type { Io } from '../io.js';
import { readContents } from './files.js';
import { jsonOption } from './options.js';
import { describe, print, printJson } from './output.js';
import { oldPassphrase } from './passphrase.js';

interface ShowOptions {
  readonly passphraseFile?: string;
  readonly json: boolean;
}

export function showCommand(io: Io): Command {
  return new Command('show')
    .description('show certificates, requests, keys, revocation lists, PKCS#7 and PKCS#12 files')
    .argument('<files...>', 'PEM, DER, PKCS#7 or PKCS#12; a file may hold several')
    .option('--passphrase-file <file>', 'file with the passphrase, if something is encrypted')
    .addOption(jsonOption())
    .action((files: string[], options: ShowOptions) => show(io, files, options));
}

async function show(io: Io, files: readonly string[], options: ShowOptions): Promise<void> {
  const nowMs = Date.now();
  const shown = [];
  for (const file of files) {
    const ask = oldPassphrase(io, options.passphraseFile, file);
    const contents = await readContents(file, ask);
    shown.push({ file, contents: contents.map((content) => factsOf(content, nowMs)) });
  }
  if (options.json) return printJson(io, shown);
  for (const { file, contents } of shown) {
    print(
      io,
      `${file}\n${contents.map(describe).join('\n\n') || '  holds no certificate, request, key or revocation list'}`,
    );
  }
}
