import test from 'ava';
import { pageOf } from '../../../src/cli/status/page.js';

test('the page says what status says, the verdict first, and nothing of it can become markup', (t) => {
  const page = pageOf('PROBLEM', 'PROBLEM: cannot read /var/log/<script>\'a\'.log\nsource "main" & co\n');
  t.true(page.includes('<title>PROBLEM: openemr-audit-forwarder</title>'));
  t.true(page.includes('<h1>PROBLEM: cannot read /var/log/&lt;script&gt;&#39;a&#39;.log</h1>'));
  t.true(page.includes('<pre>source &quot;main&quot; &amp; co\n</pre>'));
  t.false(page.includes('<script'));
});
