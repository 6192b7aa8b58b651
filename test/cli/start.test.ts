import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { thisPackage } from '../support/package.js';

const START = fileURLToPath(new URL('.ci/start.js', thisPackage));

test('npm start with a Node.js that is too old says in one sentence which one is needed', async (t) => {
  const older = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.20.4'}})";
  const child = spawn(process.execPath, ['--import', `data:text/javascript,${older}`, START]);
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  t.is(status, 2);
  t.is(out, '');
  t.is(err, 'openemr-audit-forwarder: needs Node.js 20.19.0 or later; this is 18.20.4\n');
});
