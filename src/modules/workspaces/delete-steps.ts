import { sleep } from '../../internal/signal.ts';
import type { Resource } from '../../kube/objects.ts';
import { core } from '../../kube/resources.ts';
import { managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { federatedKinds, kubesphere } from '../../kubesphere/resources.ts';
import { defineItemStep, defineStep, type StepContext } from '../../workflow/step.ts';
import { appResource, type WorkspaceApp } from '../apps.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { kindOf, objectOf } from '../found.ts';
import { keptFromDeletion } from '../kept-from-deletion.ts';
import type { Operation } from '../operation.ts';
import type { Bound } from '../operations/bind-project.ts';
import { deleteObject } from '../operations/delete-object.ts';
import { deleteWorkspace } from '../operations/delete-workspace.ts';
import { leaveWorkspace } from '../operations/leave-workspace.ts';
import { type Held, letGo } from '../operations/let-go.ts';
import { assertPlacedThere } from '../operations/placed-there.ts';
import { type Label, setLabel } from '../operations/set-label.ts';
import { placedAs } from '../placement/clusters.ts';
import type { ProjectAt } from '../placement/input.ts';
import { toGet } from '../rights.ts';
import { operates, operatesOnEach } from '../steps.ts';
import type { Work } from '../work.ts';
import { assertFree, assertStill } from './delete-looks.ts';
import { discardProject, living, meant } from './delete-named.ts';
import { type DeletionInput, lookBackMs, obstacles } from './delete-plan.ts';
import { type FoundOn, type FoundProject, surveyWorkspace, type WorkspaceSurvey } from './survey.ts';

interface Begun {
  readonly input: DeletionInput;
}
interface Surveyed extends Begun {
  readonly survey: WorkspaceSurvey;
}
type Known = StepContext<Surveyed, FederationEnv>;

const objectLimitMs = 120_000;

/** Reads everything that belongs to the workspace, everywhere; blocked while something is in the way, and says all of it at once. */
export const survey = defineStep<Begun, FederationEnv>()({
  name: 'survey',
  title: 'Read everything of the workspace on every cluster',
  readOnly: true,
  forecast: async ({ state: { input }, env, signal }) => {
    const out = await surveyWorkspace(env, input.name, { signal });
    const blocked = [
      ...obstacles({ ...input, projects: await meant(input, out, env, signal) }, out),
      ...(input.projects === 'keep' ? [] : await keptFromDeletion(env, out.projects, signal)),
    ];
    if (blocked.length > 0)
      return {
        effect: 'blocked',
        why: blocked.map(({ why }) => why).join(' '),
        remedy: blocked.map(({ remedy }) => remedy).join(' '),
      };
    return { effect: 'none', why: `there is nothing of workspace "${input.name}" to delete`, out };
  },
  run: async ({ state: { input }, env, signal }): Promise<WorkspaceSurvey> =>
    surveyWorkspace(env, input.name, { signal }),
});

const listed = <Item>(items: readonly Item[], key: (item: Item) => string) =>
  items.map((item) => ({ key: key(item), item }));
const ofCluster = ({ env, signal }: Known, { cluster }: { readonly cluster: string }) =>
  clusterByName(env)(cluster, { signal });
const projectKey = ({ cluster, name }: ProjectAt): string => `${cluster}/${name}`;

/** Deleting a template uninstalls every app that bears its workspace's label, on the orphan path too (H1). */
export const detachApps = defineItemStep<Surveyed, FederationEnv>()({
  name: 'detach-apps',
  title: 'Take the apps out of reach of the deletion',
  ...operatesOnEach<Surveyed, WorkspaceApp, Label>(
    async ({ state: { input, survey } }) =>
      input.apps === 'keep' ? listed(survey?.apps ?? [], ({ kind, name }) => `${kind}/${name}`) : [],
    async ({ env }, app) =>
      setLabel(env.host, appResource(app.kind), app, { label: workspaceLabel, to: null, heirs: true }),
  ),
  remedy: `Put label ${workspaceLabel} back on that HelmRelease, HelmRepo or HelmApplication.`,
});

/** Whatever was placed elsewhere meanwhile kubefed would delete as soon as it is its own again (H5). */
const mayReturn =
  ({ env }: Known, cluster: string, project: string, objects: readonly FoundOn[]) =>
  async ({ signal }: Pick<Work, 'signal'>): Promise<void> =>
    assertPlacedThere({ signal }, env.host, await placedAs(env, cluster, signal), project, objects);

const federatedOf = (kind: string): readonly Resource[] =>
  federatedKinds.filter(({ target }) => target.kind === kind).map(({ federated }) => federated);

/** Marked where the host does not place it, it is deleted within seconds (H5). */
const markBack = `Clear the cause, then roll back once more. By hand put label ${managedLabel}=true back only where the host places that on the cluster: elsewhere it is deleted for it.`;

/** What kubefed owns in kept multi-cluster projects is deleted with their FederatedNamespace, until kubefed has let go of it (8.2). */
export const releaseContents = defineItemStep<Surveyed, FederationEnv>()({
  name: 'release-contents',
  title: 'Make kubefed let go of what is in the multi-cluster projects',
  ...operatesOnEach<Surveyed, FoundOn, Held>(
    async ({ state: { input, survey } }) =>
      input.projects === 'keep'
        ? listed(survey?.contents ?? [], (one) =>
            [one.cluster, one.group, one.kind, one.namespace ?? '', one.name].join('/'),
          )
        : [],
    async (known, one) => ({
      ...letGo(
        await ofCluster(known, one),
        kindOf(one),
        objectOf(one),
        mayReturn(known, one.cluster, one.namespace ?? '', [one]),
      ),
      needs: { compensate: toGet(known.env.host, kubesphere.federatedNamespaces, ...federatedOf(one.kind)) },
    }),
  ),
  remedy: markBack,
});

/** Where a member has a workspace of its own under that name, the host's roles were copied onto its own, which would go with them. */
export const releaseForeign = defineItemStep<Surveyed, FederationEnv>()({
  name: 'release-foreign',
  title: "Make kubefed let go of the roles of members' own workspaces of that name",
  ...operatesOnEach<Surveyed, FoundOn, Held>(
    async ({ state: { survey } }) =>
      listed(survey?.foreignRoles ?? [], ({ cluster, kind, name }) => `${cluster}/${kind}/${name}`),
    // Given back, it is what it was: the host still has its own.
    async (known, one) =>
      letGo(await ofCluster(known, one), kindOf(one), { name: one.name, uid: one.uid }, async () => {}),
  ),
  remedy: 'Put label kubefed.io/managed=true back on that object.',
});

/** Copies of multi-cluster projects leave kubefed and the workspace in one patch (H6). */
export const release = defineItemStep<Surveyed, FederationEnv>()({
  name: 'release',
  title: 'Make kubefed let go of the multi-cluster projects',
  ...operatesOnEach<Surveyed, FoundProject, Held>(
    async ({ state: { input, survey } }) =>
      input.projects === 'keep' ? listed((survey?.projects ?? []).filter(isCopy), projectKey) : [],
    async (known, project) =>
      letGo(
        await ofCluster(known, project),
        core.namespaces,
        project,
        mayReturn(known, project.cluster, project.name, []),
      ),
  ),
  remedy: `${markBack} Put label ${workspaceLabel} back on the namespace then, too.`,
});

const isCopy = ({ kind }: FoundProject): boolean => kind === 'copy';

/** From here on no garbage collector finds a project behind the Workspace, kept or not. */
export const unbind = defineItemStep<Surveyed, FederationEnv>()({
  name: 'unbind',
  title: 'Take every project out of the workspace',
  ...operatesOnEach<Surveyed, FoundProject, Bound>(
    async ({ state: { survey } }) =>
      listed(
        (survey?.projects ?? []).filter((one) => !isCopy(one)),
        projectKey,
      ),
    async (known, project) => leaveWorkspace(await ofCluster(known, project), project, known.env.host),
  ),
  remedy: `Once its host places the Workspace there, put label ${workspaceLabel} back on that project: namespaces.bind looks first.`,
});

/** kubefed puts labels back up to 11 s later: an earlier look proves nothing (8.2). Then everything is read again. */
export const confirm = defineStep<Surveyed, FederationEnv>()({
  name: 'confirm',
  title: 'Look back: everything to keep is out of reach, and nothing joined',
  readOnly: true,
  forecast: async () => ({ effect: 'unknown', why: 'it waits, then reads everything again', touches: [] }),
  run: async ({ state: { input, survey }, env, signal }) => {
    const released = input.projects === 'keep' && survey.projects.some(isCopy);
    if (released) await sleep(input.lookBackMs ?? lookBackMs, signal);
    await assertStill(env, input, survey, signal);
    return { looked: survey.projects.length };
  },
});

/** The pivot: the workspace goes, by the path that keeps projects. */
export const remove = defineStep<Surveyed, FederationEnv>()({
  name: 'remove',
  title: 'Delete the workspace on every cluster; projects are told to stay',
  pivot: true,
  irreversible: 'a workspace made again is another one, with other UIDs',
  ...operates<Surveyed, null, void>(
    async ({ state: { input, survey }, env }): Promise<Operation<null, void> | undefined> =>
      survey === undefined
        ? undefined
        : deleteWorkspace(
            env.host,
            clusterByName(env),
            { name: input.name, ...survey, apps: input.apps === 'uninstall' ? survey.apps : [] },
            ({ signal }) => assertStill(env, input, survey, signal),
          ),
  ),
});

const irreversible = 'the workspace is deleted';

/** Those of the host first, and with them its FederatedNamespaces. */
export const discardHost = discarding(
  'discard-host',
  'Delete the named projects of the host',
  (one, host) => one.cluster === host,
);
/** After those of the host: while a FederatedNamespace is there, its kubefed makes the copies again. */
export const discardMembers = discarding(
  'discard-members',
  'Delete the named projects of the members',
  (one, host) => one.cluster !== host,
);

function discarding<const Name extends string>(
  name: Name,
  title: string,
  belongs: (project: FoundProject, host: string) => boolean,
) {
  return defineItemStep<Surveyed, FederationEnv>()({
    name,
    title,
    ...operatesOnEach<Surveyed, FoundProject, null>(
      async ({ state: { input, survey }, env }) =>
        input.projects === 'keep'
          ? []
          : listed(
              (survey?.projects ?? []).filter((one) => belongs(one, env.host.name)),
              projectKey,
            ),
      async (known, project) => {
        const { input, survey } = known.state;
        return discardProject(known.env, await ofCluster(known, project), project, input.name, survey.projects);
      },
    ),
    irreversible,
  });
}

/** Deleted with orphan propagation a Workspace leaves its quotas behind, which would count for the next one of that name (1.8). */
export const quotas = defineItemStep<Surveyed, FederationEnv>()({
  name: 'quotas',
  title: "Delete the workspace's quotas",
  ...operatesOnEach<Surveyed, ProjectAt, null>(
    async ({ state: { survey } }) => listed(survey?.quotas ?? [], projectKey),
    async (known, quota) =>
      deleteObject(await ofCluster(known, quota), kubesphere.resourceQuotas, quota, objectLimitMs),
  ),
  irreversible,
});

/** Whatever joined at the last moment lives, and must not fall into the next workspace of that name. */
export const sweep = defineItemStep<Surveyed, FederationEnv>()({
  name: 'sweep',
  title: 'Take the label of the workspace that is gone off whatever still bears it',
  ...operatesOnEach<Surveyed, FoundProject, Bound | Held>(
    async ({ state: { input }, env, signal, epoch }) =>
      // While planning, that is what the steps before this one do.
      epoch === 0 ? [] : listed((await surveyWorkspace(env, input.name, { signal })).projects, projectKey),
    async (known, project) => {
      const cluster = await ofCluster(known, project);
      return (
        isCopy(project) ? letGo(cluster, core.namespaces, project, async () => {}) : leaveWorkspace(cluster, project)
      ) as Operation<Bound | Held, void>;
    },
    { undone: false },
  ),
  irreversible,
});

/** What became of a deleted workspace. */
export interface DeletedWorkspace {
  /** Alive, the very ones: in no workspace, or bound elsewhere before they could be deleted. */
  readonly kept: readonly ProjectAt[];
  readonly deleted: readonly ProjectAt[];
  readonly apps: { readonly kept: readonly string[]; readonly uninstalled: readonly string[] };
  /** Clusters where a Workspace of the same name came from no host: it and its projects were left alone. */
  readonly foreign: readonly string[];
}

/** What is kept is looked at for the last time. */
export const report = defineStep<Surveyed, FederationEnv>()({
  name: 'report',
  title: 'See that everything to keep lives',
  readOnly: true,
  forecast: async () => ({ effect: 'unknown', why: 'it reads every project', touches: [] }),
  run: async ({ state: { input, survey }, env, signal }): Promise<DeletedWorkspace> => {
    const keep = input.projects === 'keep';
    if (keep) await assertFree(env, input.name, survey.projects, signal);
    const kept = keep ? survey.projects : await living(env, survey.projects, signal);
    const plain = (projects: readonly FoundProject[]): readonly ProjectAt[] =>
      projects.map(({ cluster, name, uid }) => ({ cluster, name, uid }));
    const apps = survey.apps.map(({ kind, name }) => `${kind} ${name}`);
    return {
      kept: plain(kept),
      deleted: plain(survey.projects.filter((one) => !kept.includes(one))),
      apps: input.apps === 'keep' ? { kept: apps, uninstalled: [] } : { kept: [], uninstalled: apps },
      foreign: survey.foreign,
    };
  },
});
