/** What another Node.js can change: not arithmetic over bytes, and not the many turns of what goes by chance. */
export default {
  files: [
    'dist/test/**/*.test.js',
    '!dist/test/{system,release,crash,scenario,support,fuzz,docs}/**',
    '!dist/test/{atna,config,encode,export,openemr,package,syslog,verify}/**',
    '!dist/test/journal/{crash,faults,model,power-cut}.test.js',
    '!dist/test/journal/read/damage.test.js',
    '!dist/test/house.test.js',
  ],
  nodeArguments: ['--enable-source-maps'],
  timeout: '2m',
  concurrency: 3,
};
