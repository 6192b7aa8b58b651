/** Tests against real peers (rsyslog, openssl, systemd …): one after another, they share ports and processes. */
export default {
  files: ['dist/test/system/**/*.test.js'],
  nodeArguments: ['--enable-source-maps'],
  timeout: '10m',
  serial: true,
  concurrency: 1,
  workerThreads: false,
};
