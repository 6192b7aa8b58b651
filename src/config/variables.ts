/**
 * Overrides single keys from environment variables: `OAF_` and the key's path in upper case,
 * `OAF_JOURNAL_DIRECTORY` for `journal.directory`. `OAF_COLLECTORS` is a list,
 * `host:port,host:port`. An empty variable counts as not set.
 */
import type { Fault } from './fault.js';
import { nearest } from './fault.js';
import type { Text } from './formats.js';

/** Variables with this prefix that are not keys. */
const OTHERS = ['OAF_COLLECTORS', 'OAF_DEBUG'];

export function variableOf(path: string): string {
  return `OAF_${path
    .replaceAll('.', '_')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_')
    .toUpperCase()}`;
}

/** The variables with our prefix that are not empty. */
export function ownVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const own = Object.entries(env).filter(([name, value]) => name.startsWith('OAF_') && value);
  return Object.fromEntries(own) as Record<string, string>;
}

/** A variable that nothing reads is a fault: somebody believes that it has an effect. */
export function unknownVariables(names: readonly string[], keyPaths: readonly string[]): Fault[] {
  const known = [...keyPaths.filter((path) => !path.includes('[]')).map(variableOf), ...OTHERS];
  return names
    .filter((variable) => !known.includes(variable))
    .map((variable) => {
      const meant = nearest(variable, known);
      const problem = meant === undefined ? 'no such variable' : `no such variable; did you mean ${meant}?`;
      return { key: '', variable, problem };
    });
}

/** `host:port,host:port`, as `collectors` would stand in the file; `undefined` when it is not set. */
export function collectorsOf(variables: Readonly<Record<string, string>>): Text[] | undefined {
  return variables.OAF_COLLECTORS?.split(',').map((address) => {
    const parts = /^(?:\[([^\]]*)\]|([^:]*|.*:.*:.*?))(?::([^:]*))?$/.exec(address.trim()) ?? [];
    const [, literal, host = literal, port] = parts;
    return { host: host ?? address, ...(port === undefined ? {} : { port }) };
  });
}
