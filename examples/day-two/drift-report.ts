/**
 * What a platform team wants to know in the morning: `node examples/day-two/drift-report.ts [--kubeconfig host.yaml]`. Which clusters are
 * not well, which credentials end soon, and which workspaces live on a member without the host knowing or wanting it, which no console shows.
 */
import type { Federation } from 'kubesphere-federation';
import { createProjects, createWorkspace } from 'kubesphere-federation/testing';
import { withFederation } from './with-federation.ts';

const soonDays = 30;

/** Answers the lines of the report; `true` where somebody has to act. */
export async function report(
  federation: Federation,
): Promise<{ readonly lines: readonly string[]; readonly act: boolean }> {
  const lines: string[] = [];
  let act = false;
  const say = (text: string, urgent: boolean): void => {
    lines.push(`${urgent ? '!' : ' '} ${text}`);
    act ||= urgent;
  };
  for (const { name, role, ready, kubeconfig, itself } of (await federation.overview()).clusters) {
    if (!itself.answered) {
      say(`${name}: no answer: ${itself.why}`, true);
      continue;
    }
    const { kubeSphereVersion, projects, workspaces, jwtSecret } = itself;
    say(`${name} (${role}, KubeSphere ${kubeSphereVersion}): ${projects} projects in ${workspaces} workspaces`, !ready);
    const { daysLeft } = kubeconfig ?? {};
    if (daysLeft !== undefined && daysLeft < soonDays)
      say(`${name}: the stored kubeconfig ends in ${daysLeft} days`, true);
    if (jwtSecret === 'differs') say(`${name}: its jwtSecret is not the host's, nobody can sign in there`, true);
  }
  for (const member of await federation.workspaces.drift()) {
    if (!member.answered) say(`${member.cluster}: drift unknown: ${member.error.message}`, true);
    else
      for (const { name, projects, unplaced } of member.value) {
        const what = unplaced === undefined ? 'is unknown to the host' : `is about to be deleted: ${unplaced}`;
        say(`${member.cluster}: workspace ${name} with ${projects.length} projects ${what}`, true);
      }
  }
  return { lines, act };
}

await withFederation({}, async ({ federation, rehearsal }) => {
  if (rehearsal !== undefined) {
    // Somebody made a workspace on a member itself: it is not synced back (v3.3 FAQ).
    const { connection } = rehearsal.clusters.tokyo;
    await createWorkspace(connection, { name: 'side-project', manager: 'admin' });
    await createProjects(connection, { workspace: 'side-project', names: ['side-a', 'side-b'], creator: 'admin' });
  }
  const { lines, act } = await report(federation);
  console.log(lines.join('\n'));
  console.log(act ? 'Somebody has to act.' : 'All is well.');
});
