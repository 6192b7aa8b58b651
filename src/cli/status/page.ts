/** The status as a page for people: the words of `status`, and nothing that needs a script. Pure. */
import type { Verdict } from './verdict.js';

const COLOURS: Readonly<Record<Verdict, string>> = { OK: '#1a7f37', WAITING: '#9a6700', PROBLEM: '#cf222e' };

/** `text` is what `status` prints; its first line is the headline. */
export function pageOf(verdict: Verdict, text: string): string {
  const [headline = '', ...lines] = text.split('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="5">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(verdict)}: openemr-audit-forwarder</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem; max-width: 70rem }
h1 { font-size: 1.2rem; border-left: .5rem solid ${COLOURS[verdict]}; padding-left: .75rem }
pre { font: 14px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
</style>
</head>
<body>
<h1>${escaped(headline)}</h1>
<pre>${escaped(lines.join('\n'))}</pre>
<p>This page renews itself every five seconds. For programs: <a href="/metrics">/metrics</a>, <a href="/healthz">/healthz</a>, <a href="/status.json">/status.json</a></p>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
