/**
 * Plays every case on the sandbox's API server and on a real one, and compares. `--record` keeps what the real one
 * answers; `--recorded` takes the record instead of a real server; `--only WORDS` plays the cases whose name has them.
 */
import { parseArgs } from 'node:util';
import { allowances, mostAllowed } from './allowed.ts';
import { allCases } from './cases/all.ts';
import { differences } from './json.ts';
import { judge, titleOf } from './judge.ts';
import { playOnReal } from './real.ts';
import { readRecord, writeRecord } from './record.ts';
import { playOnSandbox } from './sandbox.ts';
import { outOfScope } from './scope.ts';
import { volatileFields } from './volatile.ts';

const { values } = parseArgs({
  options: { record: { type: 'boolean' }, recorded: { type: 'boolean' }, only: { type: 'string' } },
});
const cases = allCases.filter((one) => new RegExp(values.only ?? '').test(titleOf(one)));
const record = await readRecord();
const [real, sandbox] = await Promise.all([values.recorded ? record : playOnReal(cases), playOnSandbox(cases)]);

// What is played no more is forgotten.
let stale: string[] = [];
if (values.record) await writeRecord(values.only === undefined ? real : new Map([...record, ...real]));
else stale = cases.map(titleOf).filter((name) => differences(real.get(name), record.get(name)).length > 0);

const titles = new Set(cases.map(titleOf));
// Of a part of the cases, nothing can be said about allowances of the others.
const concerned = allowances.filter(({ case: name }) => values.only === undefined || titles.has(name));
const { different, allowed, unused } = judge(cases, real, sandbox, concerned);
if (allowances.length > mostAllowed) throw new Error(`more than ${mostAllowed} differences are allowed`);
for (const { name, places } of different) console.log(`\n${name}\n${places.map((place) => `  ${place}`).join('\n')}`);
for (const name of stale)
  console.log(`\n${name}: the real server no longer answers what is recorded; run with --record`);
for (const { case: name, place } of unused)
  console.log(`\n${name}: nothing differs at ${place}; remove it from allowed.ts`);
for (const { names, why } of outOfScope) console.log(`not compared in discovery: ${names.join(', ')}: ${why}`);
for (const { field, why } of volatileFields) console.log(`not compared: ${field}: ${why}`);
for (const { case: name, places, why } of allowed) console.log(`allowed: ${name}, ${places.join(', ')}: ${why}`);
console.log(`${cases.length} cases, ${different.length} differences, ${allowed.length} allowed`);
const failed = new Set([...different, ...unused].map((one) => ('name' in one ? one.name : one.case)).concat(stale))
  .size;
console.log(`${cases.length - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
