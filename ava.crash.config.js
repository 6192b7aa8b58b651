/** Crashes under load, one after another: they need both processors, and minutes. */
export default {
  files: ['dist/test/crash/**/*.test.js'],
  nodeArguments: ['--enable-source-maps'],
  timeout: '20m',
  serial: true,
  concurrency: 1,
  workerThreads: false,
};
