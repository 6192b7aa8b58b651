/** `cert sign`: shows what a certificate request asks for, and signs it with our own CA. */
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { AgentError } from '../../lib/errors.js';
import { weaknessOf } from '../../pki/files/keys.js';
import { installFiles, MODE } from '../../pki/files/store.js';
import { pemOf, requestFacts } from '../../pki/inspect.js';
import { issueLeaf, LEAF_DAYS } from '../../pki/x509/authority.js';
import { type AlternativeNames, alternativeNames, type Purposes } from '../../pki/x509/extensions.js';
import type { Request } from '../../pki/x509/request.js';
import { namesIn, purposesIn } from '../../pki/x509/usages.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';
import { COMMAND } from '../voice.js';
import { readAuthority, readContents } from './files.js';
import {
  addNames,
  addPurposes,
  addSigning,
  daysOption,
  forceOption,
  jsonOption,
  type NameOptions,
  namesOr,
  type PurposeOptions,
  purposesOf,
  type SigningOptions,
} from './options.js';
import { describe, say, tellMade } from './output.js';

interface SignOptions extends NameOptions, PurposeOptions, SigningOptions {
  readonly out: string;
  readonly yes: boolean;
  readonly days: number;
  readonly force: boolean;
  readonly json: boolean;
}

export function signCommand(io: Io): Command {
  const command = new Command('sign')
    .description('sign a certificate request with your own CA')
    .argument('<request>', 'the request (PEM or DER)')
    .option('--out <file>', 'the certificate', 'signed.pem')
    .option('--yes', 'sign without asking', false)
    .addOption(daysOption(LEAF_DAYS))
    .addOption(forceOption())
    .addOption(jsonOption())
    .action((path: string, options: SignOptions) => sign(io, path, options));
  return addSigning(addPurposes(addNames(command)));
}

async function sign(io: Io, path: string, options: SignOptions): Promise<void> {
  const nowMs = Date.now();
  const request = await readSound(path);
  const asked = requestFacts(request);
  const names = namesOr(
    io,
    given(options) ? alternativeNames(options) : namesIn(asked.subjectAltName),
    request.subject,
  );
  const purposes = options.client || options.server ? purposesOf(options) : purposesIn(asked.extendedKeyUsage);
  say(
    io,
    `${path} asks for:`,
    describe(asked),
    `It would be signed for ${wordsOf(names, purposes)}, ${options.days} days.`,
  );
  if (!options.yes) await confirm(io);
  const authority = await readAuthority(io, options);
  const certificate = issueLeaf(
    {
      authority,
      subject: request.subject,
      names,
      purposes,
      nowMs,
      days: options.days,
      ...(options.serial === undefined ? {} : { serial: options.serial }),
    },
    request.publicKey,
  );
  await installFiles([{ path: options.out, content: pemOf(certificate), mode: MODE.certificate }], options);
  tellMade(io, options, options.out, certificate, nowMs);
  say(
    io,
    '',
    `Send back ${options.out} and ${options.ca}. On the other machine, install them:`,
    `  ${COMMAND} cert import ${options.out} ${options.ca}`,
  );
}

async function readSound(path: string): Promise<Request> {
  const found = (await readContents(path)).find((each) => each.kind === 'request');
  if (found?.kind !== 'request') {
    throw new AgentError('not-a-request', `${path} holds no certificate request`, {
      hint: 'look at what it holds: openemr-audit-forwarder cert show',
    });
  }
  const { request } = found;
  if (!request.isGenuine) {
    throw new AgentError('request-forged', `${path} is not signed with the key that it contains`, {
      hint: 'get the request again, over another channel',
    });
  }
  const weakness = weaknessOf(request.publicKey);
  if (weakness === undefined) return request;
  throw new AgentError('key-weak', `OpenSSL 3 would refuse a certificate for the key in ${path}: ${weakness}`, {
    hint: 'ask for a request with a new key',
  });
}

function given({ dns, ip, email }: NameOptions): boolean {
  return dns.length + ip.length + email.length > 0;
}

function wordsOf({ dns, ip, email }: AlternativeNames, { client, server }: Purposes): string {
  const sides = [...(client ? ['client'] : []), ...(server ? ['server'] : [])].join(' and ');
  return `TLS ${sides}, ${[...dns, ...ip, ...email].join(', ')}`;
}

async function confirm(io: Io): Promise<void> {
  if (!('isTTY' in io.stdin) || io.stdin.isTTY !== true) {
    throw new UsageError('there is no terminal to confirm this', { hint: 'check the request, then give --yes' });
  }
  const dialogue = createInterface({ input: io.stdin, output: io.stderr });
  try {
    const answer = await dialogue.question('Sign it? [y/N] ', { signal: io.signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    dialogue.close();
  }
  throw new AgentError('not-signed', 'not signed');
}
