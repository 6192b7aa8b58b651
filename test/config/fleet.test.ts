import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import { parse } from 'yaml';
import { load } from '../support/config.js';
import { thisPackage } from '../support/package.js';

const fleet = new URL('docs/fleet/', thisPackage);
const read = (name: string) => readFileSync(new URL(name, fleet), 'utf8');

interface Task {
  readonly name: string;
  readonly notify?: string;
  readonly [module: string]: unknown;
}

interface Play {
  readonly hosts: string;
  readonly tasks: readonly Task[];
  readonly handlers: readonly Task[];
}

/** As Ansible would fill it in: the default where there is one, else `known`. */
function filledIn(template: string, known: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{\{ ([\w.]+)(?: \| default\(([^)]*)\))? \}\}/g, (_, name, fallback) => {
    const value = known[name] ?? known[fallback] ?? fallback?.replaceAll('"', '');
    if (value === undefined) throw new Error(`nothing is known of ${name}`);
    return value;
  });
}

test('the configuration of a fleet is valid, on a host with a name and a zone and on one without', async (t) => {
  const facts = {
    inventory_hostname: 'emr-1.example.org',
    inventory_hostname_short: 'emr-1',
    'ansible_default_ipv4.address': '192.0.2.5',
  };
  const plain = await load(filledIn(read('config.yaml.j2'), facts));
  t.like(plain.message, { hostname: 'emr-1.example.org' });
  t.deepEqual(plain.status.listen, { host: '192.0.2.5', port: 9614 });
  const inventory = parse(read('inventory.yaml')).openemr.hosts as Record<string, Record<string, string>>;
  const named = await load(filledIn(read('config.yaml.j2'), { ...facts, ...inventory['emr-2.example.org'] }));
  t.is(named.sources[0]?.timeZone, 'America/Chicago');
  t.is(named.message.hostname, 'emr.clinic-two.example');
});

test('the playbook is for the hosts of the inventory, each task is one module, and what is notified is there', (t) => {
  const [play] = parse(read('playbook.yaml')) as Play[];
  t.truthy(parse(read('inventory.yaml'))[play!.hosts]);
  const handlers = play!.handlers.map(({ name }) => name);
  for (const task of [...play!.tasks, ...play!.handlers]) {
    t.is(Object.keys(task).filter((key) => key.startsWith('ansible.builtin.')).length, 1, task.name);
    if (task.notify !== undefined) t.true(handlers.includes(task.notify), task.notify);
  }
});

test('the files that the playbook puts in place are there, and a configuration is judged before it is', (t) => {
  const [play] = parse(read('playbook.yaml')) as Play[];
  const modules = play!.tasks.flatMap((task) =>
    Object.values(task).filter((value) => typeof value === 'object' && value !== null),
  );
  const sources = modules.flatMap((module) => ('src' in module! ? [String(module.src)] : []));
  for (const source of sources.filter((name) => !name.includes('{{')))
    t.true(existsSync(new URL(source, fleet)), source);
  t.is(sources.length, 3);
  t.true(
    modules.some(
      (module) => 'validate' in module! && module.validate === 'openemr-audit-forwarder --config %s check --offline',
    ),
  );
});
