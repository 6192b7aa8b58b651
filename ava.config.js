/** Unit and scenario tests: no root, no network beyond loopback. Compiled first (`npm test` does). */
export default {
  files: ['dist/test/**/*.test.js', '!dist/test/system/**', '!dist/test/crash/**'],
  nodeArguments: ['--enable-source-maps'],
  timeout: '2m',
};
