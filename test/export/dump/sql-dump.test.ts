import test from 'ava';
import fc from 'fast-check';
import { DumpParser, type DumpRow } from '../../../src/export/dump/sql-dump.js';

const HEAD = `/*M!999999\\- enable the sandbox mode */
-- MariaDB dump; INSERT INTO \`log\` VALUES (9,'no');
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS \`log_backup\`;
CREATE TABLE \`log_backup\` (
  \`id\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`comments\` longtext DEFAULT NULL COMMENT 'text; (more), it''s',
  PRIMARY KEY (\`id\`)
) ENGINE=InnoDB;
LOCK TABLES \`log_backup\` WRITE;
/*!40000 ALTER TABLE \`log_backup\` DISABLE KEYS */;
`;

/** As mysqldump writes it. */
function literal(value: string | number | null): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return String(value);
  const escapes: Readonly<Record<string, string>> = { '\0': '0', '\n': 'n', '\r': 'r', '\x1a': 'Z' };
  const escaped = [...value]
    .map((c) => (escapes[c] !== undefined || `\\'"`.includes(c) ? `\\${escapes[c] ?? c}` : c))
    .join('');
  return `'${escaped}'`;
}

function rowsOf(bytes: Buffer, cut: number): DumpRow[] {
  const parser = new DumpParser();
  const rows: DumpRow[] = [];
  for (let at = 0; at < bytes.length; at += cut) rows.push(...parser.parse(bytes.toString('latin1', at, at + cut)));
  if (parser.isInside) throw new Error('it ends inside a statement');
  return rows;
}

const cell = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom("it's", '\\', "''", '),(', ';\n', '-- x', '/* */', '\0\n\r\t\x1a"\\Z', 'ü📞'),
);

test('each row of a dump is read as it was written, wherever the reads cut it', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer(), cell), { minLength: 1 }),
      fc.integer({ min: 1, max: 300 }),
      (rows, cut) => {
        for (const between of [',', ',\n']) {
          const values = rows.map((row) => `(${row.map(literal).join(',')})`).join(between);
          const text = `${HEAD}INSERT INTO \`log_backup\` VALUES ${between.slice(1)}${values};\nUNLOCK TABLES;\n-- end\n`;
          const read = rowsOf(Buffer.from(text), cut);
          const expected = rows.map(([id, comments]) => ({ table: 'log_backup', cells: { id, comments } }));
          if (JSON.stringify(read) !== JSON.stringify(expected)) return false;
        }
        return true;
      },
    ),
  );
  t.pass();
});

test('octets in hexadecimal, named columns and numbers that are too large are read', (t) => {
  const text =
    "INSERT INTO `api_log` (`id`, `response`, `patient_id`) VALUES (1,0xC3BC,9223372036854775807),(2,_binary 'a\\0b''c',-4);";
  t.deepEqual(
    rowsOf(Buffer.from(text), 7).map(({ cells }) => cells),
    [
      { id: 1, response: 'ü', patient_id: '9223372036854775807' },
      { id: 2, response: "a\0b'c", patient_id: -4 },
    ],
  );
});

test('a dump that was cut off is known by its end', (t) => {
  for (const text of [
    `${HEAD}INSERT INTO \`log_backup\` VALUES (1,'a'),\n`,
    `${HEAD}INSERT INTO \`log_backup\` VALUES (1,'a`,
  ]) {
    t.throws(() => rowsOf(Buffer.from(text), 100), { message: 'it ends inside a statement' });
  }
});
