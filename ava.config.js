/**
 * Unit and scenario tests: no root, no network beyond loopback. Compiled first (`npm test` does).
 * The timeout ends a run in which nothing happens any more; a t.timeout beyond it would switch it off.
 */
export default {
  files: ['dist/test/**/*.test.js', '!dist/test/{system,release,crash}/**'],
  // Many tests wait: for a collector, a backoff, a file. A third file at a time uses what they leave of two processors.
  concurrency: 3,
  nodeArguments: ['--enable-source-maps'],
  timeout: '10m',
};
