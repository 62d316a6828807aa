// Runs the quickstart the way a user does, and holds what it prints to what it promises.
import { spawnSync } from 'node:child_process';

const moved = (written) => ({ retained: 200, bound: 200, lost: 0, written });
const recipe = (alive) => ({ named: 5, alive, lost: 200 - alive });
const cases = [
  { flags: [], projects: moved(0), contents: true },
  { flags: ['--rebind'], projects: moved(200), contents: true },
  { flags: ['--faq'], projects: recipe(5) },
  { flags: ['--faq', '--shield'], projects: recipe(200) },
];

/** What is wrong with this run; nothing when it is as promised. */
function judge({ flags, projects, contents }) {
  const { status, stdout } = spawnSync('npm', ['start', '--silent', '--', ...flags, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) return `exit code ${status}`;
  const report = JSON.parse(stdout);
  for (const [key, value] of Object.entries(projects))
    if (report.projects[key] !== value) return `projects.${key} is ${report.projects[key]}, not ${value}`;
  if (contents && !(report.contents.kept >= 1000 && report.contents.lost === 0))
    return `contents are ${JSON.stringify(report.contents)}`;
  return undefined;
}

let failed = 0;
for (const entry of cases) {
  const start = performance.now();
  let wrong;
  try {
    wrong = judge(entry);
  } catch (error) {
    wrong = String(error);
  }
  const name = ['npm start --silent --', ...entry.flags, '--json'].join(' ');
  console.log(`${wrong ?? 'ok'}  ${name}  ${((performance.now() - start) / 1000).toFixed(1)} s`);
  if (wrong !== undefined) failed += 1;
}
console.log(`${cases.length - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
