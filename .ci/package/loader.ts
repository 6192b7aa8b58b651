/**
 * Loads the program of the packages: one file of JavaScript for `run`, one for `status`, one for
 * everything, so that V8 reads only what is needed; and beside each, where `precompile.ts` has
 * made it, what V8 compiled of it. `bundle.ts` puts this in the place of `cli/process.ts`.
 */
import { isAscii } from 'node:buffer';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** The names of the files by command, and for all commands by ''; with a digest of what is in them. */
declare const PROGRAMS: Readonly<Record<string, string>>;

/** Behind what V8 gave: V8 believes it every byte, and what a disk has damaged would end the program at each start. */
const CHECKSUM_BYTES = 4;

const name = Object.hasOwn(PROGRAMS, process.argv[2] ?? '') ? PROGRAMS[process.argv[2] ?? ''] : PROGRAMS[''];
const file = join(__dirname, String(name));
const bytes = readFileSync(file);
// That it is ASCII is seen sooner than it is decoded.
const source = bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
const cachedData = compiled();
const script = new Script(source, { filename: file, ...(cachedData && { cachedData }) });
if (process.env.OPENEMR_AUDIT_FORWARDER_COMPILED === 'keep') process.once('exit', keep);
script.runInThisContext()(createRequire(file), file);

/** `undefined`: there is nothing whole. What another version of V8 made is refused by this one, which then compiles. */
function compiled(): Buffer | undefined {
  try {
    const kept = readFileSync(`${file}.compiled`);
    const data = kept.subarray(0, -CHECKSUM_BYTES);
    return crc32(data) === kept.readUInt32LE(data.length) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** For `precompile.ts`: all that was compiled until now, whole or not at all. */
function keep(): void {
  const data = script.createCachedData();
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(data));
  writeFileSync(`${file}.coming`, Buffer.concat([data, checksum]), { mode: 0o644 });
  renameSync(`${file}.coming`, `${file}.compiled`);
}
