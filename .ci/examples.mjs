// Runs the examples the way a user does, through the built package, and holds what they print to what they show.
import { spawnSync } from 'node:child_process';

const edition = (n) => `"VERSION": "${n}",\n  "chapter-1": "Chapter 1, edition ${n}"`;
const cases = [
  { args: ['own-workflow.ts'], ends: ['The run is completed.', '"PUBLISHED": "2"', edition(2)] },
  { args: ['own-workflow.ts', '--fail'], ends: ['The run is rolled-back.', 'the printer is on fire', edition(1)] },
  {
    args: ['own-workflow.ts', '--kill'],
    ends: ['ended by SIGKILL', '"chapter-3": "Chapter 3, edition 1"', 'The run is completed.', edition(2)],
  },
  {
    args: ['own-step.ts'],
    ends: [
      'done    put-notice',
      'done    own-test',
      'The run is completed.',
      '5 of them tested',
      'm is a member of b.',
    ],
  },
  {
    args: ['own-step.ts', '--fail'],
    ends: [
      'undone  put-notice',
      'undone  fence',
      'The run is rolled-back.',
      'm is a member of a.',
      'Notice on m: none',
    ],
  },
  {
    args: ['day-two/onboard-team.ts'],
    ends: [
      'workspace payments on berlin, tokyo: changed',
      'Once more:',
      'workspace payments on berlin, tokyo: already',
      'project payments-jobs on ',
      ': already',
      'dora is admin',
      'emil is self-provisioner',
      '3 projects on 2 clusters',
    ],
  },
  {
    args: ['day-two/drift-report.ts'],
    ends: [
      'berlin (member, KubeSphere v3.3',
      '! tokyo: workspace side-project with 2 projects',
      'Somebody has to act.',
    ],
  },
  { args: ['day-two/roll-out-component.ts'], ends: ['berlin: logging is installed', 'logging runs on berlin, tokyo'] },
  { args: ['day-two/renew-kubeconfigs.ts'], ends: ['berlin: ', ', changed', '2 kubeconfigs renewed'] },
];

/** Scripts that would have to make something up about a host of yours: they ask instead, before they reach for it. */
const asking = [
  { args: ['day-two/onboard-team.ts', '--kubeconfig', 'none.yaml'], says: 'Say --team: ' },
  { args: ['day-two/renew-kubeconfigs.ts', '--kubeconfig', 'none.yaml'], says: 'Say --from: ' },
  { args: ['day-two/roll-out-component.ts', '--kubeconfig', 'none.yaml'], says: 'Say --component: ' },
  { args: ['day-two/roll-out-component.ts', '--first', 'berlin'], says: '--first goes with --kubeconfig alone.' },
];

function start([file, ...flags], stderr) {
  return spawnSync(process.execPath, [`examples/${file}`, ...flags], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', stderr],
    timeout: 180_000,
  });
}

/** What is wrong with a run that was to be refused with this text. */
function judgeRefusal({ args, says }) {
  const { status, stderr } = start(args, 'pipe');
  if (status === 0) return 'it ran';
  return stderr.includes(says) ? undefined : `it does not say ${JSON.stringify(says)}`;
}

/** What is wrong with this run: its exit code, or the first of the texts that does not stand where the ones before left off. */
function judge({ args, ends }) {
  const { status, stdout } = start(args, 'inherit');
  if (status !== 0) return `exit code ${status}`;
  let at = 0;
  for (const text of ends) {
    at = stdout.indexOf(text, at);
    if (at < 0) return `it does not print ${JSON.stringify(text)}`;
  }
  return undefined;
}

let failed = 0;
for (const entry of [...cases, ...asking]) {
  const start = performance.now();
  const wrong = 'says' in entry ? judgeRefusal(entry) : judge(entry);
  const took = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${wrong ?? 'ok'}  node examples/${entry.args.join(' ')}  ${took} s`);
  if (wrong !== undefined) failed += 1;
}
console.log(`${cases.length + asking.length - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
