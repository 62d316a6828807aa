/**
 * A new team gets its workspace, its people and its projects: `node examples/day-two/onboard-team.ts` on the sandbox, with
 * `--kubeconfig host.yaml --team team.json` on your host. It makes an account, NAME@DOMAIN, for whoever in that file has none.
 * Calling it again adds only what is not there yet; another lead is refused, for that is `workspaces.update`. Accounts have no password:
 * they open with `users.setPassword` and `users.enable`, or by your identity provider.
 */
import { readFile } from 'node:fs/promises';
import type { Federation } from 'kubesphere-federation';
import { withFederation } from './with-federation.ts';

/** What a team asks for. */
export interface Team {
  readonly name: string;
  /** Of the addresses of its people. */
  readonly domain: string;
  readonly lead: string;
  readonly people: readonly string[];
  readonly clusters: readonly string[];
  readonly projects: readonly string[];
}

/** Answers where each project is. */
export async function onboard({ users, workspaces, namespaces }: Federation, team: Team) {
  const known = new Set((await users.list().toArray()).map((user) => user.name));
  for (const name of [team.lead, ...team.people]) {
    // A name that is taken is refused: equal names need not mean the same person. Here they do.
    if (!known.has(name)) await users.create({ name, email: `${name}@${team.domain}` });
    console.log(`user ${name}: ${known.has(name) ? 'already' : 'changed'}`);
  }
  for (const name of [team.lead, ...team.people]) await users.waitUntilSynced(name, { clusters: team.clusters });

  const { name } = team;
  const workspace = await workspaces.create({ name, manager: team.lead, clusters: team.clusters, existing: 'join' });
  console.log(`workspace ${name} on ${team.clusters.join(', ')}: ${workspace.outcome}`);
  for (const user of team.people) await workspaces.inviteUser(name, { user, role: 'self-provisioner' });

  const places: { readonly project: string; readonly cluster: string }[] = [];
  for (const project of team.projects) {
    const created = await namespaces.create({ name: project, workspace: name, placement: 'least-loaded' });
    if (created.outcome === 'dry-run') continue;
    const { cluster } = created.result;
    await namespaces.setQuota({ cluster, name: project, hard: { 'limits.cpu': '8', 'limits.memory': '16Gi' } });
    console.log(`project ${project} on ${cluster}: ${created.outcome}`);
    places.push({ project, cluster });
  }
  return places;
}

const payments: Team = {
  name: 'payments',
  domain: 'example.com',
  lead: 'dora',
  people: ['emil', 'fay'],
  clusters: ['berlin', 'tokyo'],
  projects: ['payments-api', 'payments-web', 'payments-jobs'],
};

const asks = {
  team: 'a JSON file with name, domain, lead, people, clusters and projects, as of payments in this script.',
};

await withFederation(asks, async ({ federation, said }) => {
  const team: Team = said === undefined ? payments : JSON.parse(await readFile(said.team, 'utf8'));
  const places = await onboard(federation, team);
  console.log('Once more:');
  await onboard(federation, team);
  const people = await federation.workspaces.users(team.name);
  console.log(
    people
      .map(({ user, role }) => `${user} is ${role}`)
      .toSorted()
      .join('\n'),
  );
  console.log(`${places.length} projects on ${new Set(places.map(({ cluster }) => cluster)).size} clusters`);
});
