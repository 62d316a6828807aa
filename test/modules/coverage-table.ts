/**
 * Which test shows which case of which method: `npm run test:coverage-table [-- --json]`. Every public method of the modules is a row, every
 * case a column; a cell is a test that vitest knows, or the reason why there cannot be one. Exits 1 where a cell is empty, or cites what is not there.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Clusters } from '../../src/modules/clusters.ts';
import { Components } from '../../src/modules/components.ts';
import { Namespaces } from '../../src/modules/namespaces.ts';
import { Users } from '../../src/modules/users.ts';
import { Workspaces } from '../../src/modules/workspaces.ts';
import { specsByModule } from './kit/all-specs.ts';
import { type AnyMethodSpec, type Case, cases, hasCase, isRead, reasonWithout } from './kit/method.ts';

/** One cell: the test that shows the case, or why there is none. */
type Cell = { readonly test: string } | { readonly reason: string } | { readonly missing: true };

/** What its success holds besides: every write of it, in order, with method, path, content type and body. */
const exact = 'exact requests';
const columns = [...cases, exact] as const;
type Column = (typeof columns)[number];

interface Row {
  readonly method: string;
  readonly cells: Readonly<Record<Column, Cell>>;
}

const modules = {
  clusters: Clusters,
  workspaces: Workspaces,
  namespaces: Namespaces,
  users: Users,
  components: Components,
};
const top = fileURLToPath(new URL('../..', import.meta.url));
/** What a read has none of, because it changes nothing. */
const ofWrites: readonly Case[] = ['dry run', 'already so', 'conflict', 'answer lost'];

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const specs = (await specsByModule()).flatMap(({ methods }) => methods);
const tests = testNames();
const rows = Object.entries(modules).flatMap(([module, { prototype }]) =>
  Object.getOwnPropertyNames(prototype)
    .filter((name) => name !== 'constructor')
    .flatMap((name): Row[] => {
      const method = `${module}.${name}`;
      const found = specs.filter((spec) => spec.method === method || spec.method.startsWith(`${method} `));
      return found.length === 0
        ? [{ method, cells: Object.fromEntries(columns.map((one) => [one, { missing: true }])) as Row['cells'] }]
        : found.map(rowOf);
    }),
);
const empty = rows.flatMap(({ method, cells }) =>
  columns.flatMap((one) => ('missing' in cells[one] ? [`${method}: ${one}`] : [])),
);
if (values.json) console.log(JSON.stringify({ rows, empty }, null, 2));
else print();
// A reason may say which test shows it instead.
const cited = rows.flatMap(({ method, cells }) =>
  Object.values(cells).flatMap((cell) =>
    'reason' in cell ? [...cell.reason.matchAll(/[\w/-]+\.test\.ts/g)].map(([file]) => ({ method, file })) : [],
  ),
);
/** As it stands from the top, from the modules' tests, or by its name alone among these. */
const files = readdirSync(`${top}test/modules`, { recursive: true, encoding: 'utf8' });
const known = new Set([...files, ...files.map((one) => basename(one))]);
const unfounded = cited.filter(({ file }) => !known.has(file) && !existsSync(`${top}${file}`));
for (const { method, file } of unfounded) console.error(`${method}: there is no ${file}`);
if (empty.length + unfounded.length > 0) process.exitCode = 1;

function rowOf(spec: AnyMethodSpec): Row {
  return {
    method: spec.method,
    cells: Object.fromEntries(columns.map((one) => [one, cellOf(spec, one)])) as Row['cells'],
  };
}

function cellOf(spec: AnyMethodSpec, one: Column): Cell {
  if (one === exact) return isRead(spec) ? { reason: 'it only reads' } : cellOf(spec, 'success');
  const reason = reasonWithout(spec, one);
  if (reason !== undefined) return { reason };
  if (isRead(spec) && ofWrites.includes(one)) return { reason: 'it only reads' };
  const test = tests.get(`${spec.method} > ${one}`);
  return test === undefined || !hasCase(spec, one) ? { missing: true } : { test };
}

/** Every test of the modules that vitest collects, by `method > case`. */
function testNames(): ReadonlyMap<string, string> {
  const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
  const listed = execFileSync(
    process.execPath,
    [
      vitest,
      'list',
      '--config',
      'test/vitest.config.ts',
      '--project',
      'contract',
      '--json',
      '--no-static-parse',
      'test/modules',
    ],
    { cwd: top, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  const found: readonly { readonly name: string; readonly file: string }[] = JSON.parse(listed);
  return new Map(
    found.map(({ name, file }) => [name.split(' > ').slice(1).join(' > '), `${relative(top, file)} > ${name}`]),
  );
}

function print(): void {
  const reasons = new Map<string, number>();
  const short = (cell: Cell): string => {
    if ('test' in cell) return 'yes';
    if ('missing' in cell) return 'MISSING';
    const number = reasons.get(cell.reason) ?? reasons.size + 1;
    reasons.set(cell.reason, number);
    return `(${number})`;
  };
  console.log(`| method | ${columns.join(' | ')} |\n| --- |${' --- |'.repeat(columns.length)}`);
  for (const { method, cells } of rows)
    console.log(`| ${method} | ${columns.map((one) => short(cells[one])).join(' | ')} |`);
  console.log(
    '\nyes: the test "method > case" in test/modules/MODULE/methods.contract.test.ts, and with npm run test:real on real API servers; exact requests: within "method > success".',
  );
  for (const [reason, number] of reasons) console.log(`(${number}) ${reason}`);
  const shownBy = rows.flatMap(({ cells }) => Object.values(cells)).filter((cell) => 'test' in cell);
  console.log(`\n${rows.length} methods, ${shownBy.length} cases shown by a test, ${empty.length} empty cells`);
}
