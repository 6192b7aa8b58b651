import { createWriteStream, fstatSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import test from 'ava';
import { createLogger, type LoggerOptions } from '../../src/observe/logger.js';
import { ManualClock } from '../support/manual-clock.js';

function log(options: Partial<LoggerOptions> = {}) {
  const output = new PassThrough();
  const clock = new ManualClock();
  const logger = createLogger({ level: 'info', format: 'text', output, env: {}, clock, ...options });
  const lines = () =>
    String(output.read() ?? '')
      .split('\n')
      .slice(0, -1);
  return { logger, clock, lines, output };
}

test('what is below the level is not said', (t) => {
  const { logger, lines } = log({ level: 'notice', format: 'journald' });
  logger.debug('D');
  logger.info('I');
  logger.notice('N');
  logger.warning('W');
  logger.error('E');
  t.deepEqual(lines(), ['<5>N', '<4>W', '<3>E']);
});

test('a part that is asked for says everything, with what lies within it, and no other', (t) => {
  const { logger, lines } = log({ level: 'notice', format: 'journald', debug: ['link'] });
  logger.child('link').debug('a');
  logger.child('link').child('collector').info('b');
  logger.child('linked').info('c');
  logger.child('source').debug('d');
  logger.info('e');
  logger.notice('f');
  t.deepEqual(lines(), ['<7>link: a', '<6>link.collector: b', '<5>f']);
});

test('how much is said can be changed, for the parts that there are, too', (t) => {
  const { logger, lines } = log({ level: 'notice', format: 'journald' });
  const link = logger.child('link');
  link.info('a');
  logger.talk({ level: 'info', debug: ['link'] });
  link.debug('b');
  logger.info('c');
  logger.talk({ level: 'error' });
  link.warning('d');
  t.deepEqual(lines(), ['<7>link: b', '<6>c']);
});

test('a child says which part it is', (t) => {
  const { logger, lines } = log({ format: 'journald' });
  logger.child('link').info('Connected', { port: 6514 });
  logger.child('source').child('main').info('Following');
  t.deepEqual(lines(), ['<6>link: Connected port=6514', '<6>source.main: Following']);
});

test('JSON is said on request, whoever listens', (t) => {
  const { logger, lines } = log({ format: 'json', env: { JOURNAL_STREAM: '1:2' } });
  logger.info('Connected', { port: 6514 });
  t.deepEqual(
    lines().map((line) => JSON.parse(line)),
    [{ time: '2026-11-23T10:00:00.000Z', level: 'info', message: 'Connected', port: 6514 }],
  );
});

test('by itself, it says plain text to a pipe and a short line to a terminal', (t) => {
  const pipe = log({ format: 'auto' });
  pipe.logger.info('Connected');
  t.deepEqual(pipe.lines(), ['2026-11-23T10:00:00.000Z info Connected']);

  const output = Object.assign(new PassThrough(), { isTTY: true });
  log({ format: 'auto', output, env: { NO_COLOR: '1' } }).logger.info('Connected');
  t.regex(String(output.read()), /^\d\d:\d\d:\d\d info {4}Connected\n$/);
});

test("priorities go to systemd's journal only, not to a file that stands in its place", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'logger-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = join(directory, 'log');
  const output = Object.assign(createWriteStream(file), { fd: openSync(file, 'a') });
  const { dev, ino } = fstatSync(output.fd, { bigint: true });

  for (const env of [{ JOURNAL_STREAM: `${dev}:${ino}` }, { JOURNAL_STREAM: `${dev}:1` }, {}]) {
    const { logger } = log({ format: 'auto', output, env });
    logger.info('Connected');
    await logger.close();
  }
  await new Promise((resolve) => output.end(resolve));

  const line = '2026-11-23T10:00:00.000Z info Connected\n';
  t.is(readFileSync(file, 'utf8'), `<6>Connected\n${line}${line}`);
});

test('a storm of one message is cut short and summed up', async (t) => {
  const { logger, clock, lines } = log({ format: 'journald' });
  const link = logger.child('link');
  for (let turn = 0; turn < 250; turn++) link.warning('Connection lost', { turn });
  link.warning('Certificate expires soon');

  const said = lines();
  t.is(said.length, 11);
  t.is(said[9], '<4>link: Connection lost turn=9');
  t.is(said[10], '<4>link: Certificate expires soon');

  await clock.advance(60_000);
  t.deepEqual(lines(), ['<4>link: Connection lost: said 240 times more in the last minute']);
});

test('closing says what is left to say, and leaves the stream open', async (t) => {
  const { logger, lines, output } = log({ format: 'journald' });
  for (let turn = 0; turn < 11; turn++) logger.error('Disk full');
  await logger.close();
  t.is(lines().at(-1), '<3>Disk full: said 1 times more in the last minute');
  t.true(output.writable);
});
