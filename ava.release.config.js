/** What need only hold before a release, against real peers: one after another, as in ava.system.config.js. */
import system from './ava.system.config.js';

export default { ...system, files: ['dist/test/release/**/*.test.js'] };
