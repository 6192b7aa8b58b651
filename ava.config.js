/**
 * Unit and scenario tests: no root, no network beyond loopback. Compiled first (`npm test` does).
 * The timeout ends a run in which nothing happens any more; a t.timeout beyond it would switch it off.
 */
export default {
  files: ['dist/test/**/*.test.js', '!dist/test/system/**', '!dist/test/crash/**'],
  nodeArguments: ['--enable-source-maps'],
  timeout: '10m',
};
