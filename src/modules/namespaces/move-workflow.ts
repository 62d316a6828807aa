import type { ObjectRef } from '../../kube/objects.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { checkName } from '../../kubesphere/validation.ts';
import { defineItemStep, defineStep } from '../../workflow/step.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { composeMethod } from '../method.ts';
import type { Operation } from '../operation.ts';
import { bindProject, unbindProject } from '../operations/bind-project.ts';
import { type Label, setLabel } from '../operations/set-label.ts';
import { transferProject } from '../operations/transfer-project.ts';
import { type Known, operates, operatesOnEach } from '../steps.ts';
import { type Release, releasesOf } from './releases.ts';

/** How a project changes its workspace. */
export type MoveVerb = 'bind' | 'unbind' | 'transfer';

/** Input of the run that takes a project's apps along. */
export type MoveWithApps = {
  readonly verb: MoveVerb;
  readonly cluster: string;
  readonly name: string;
  readonly uid: string;
  readonly to: string | null;
};

interface State {
  readonly input: MoveWithApps;
}

/** What each of the three captures; an operation is given back what it captured itself. */
type Former = { readonly note: string | null } | { readonly workspace: string | null };

/** The write of the project itself; `host` must place the workspace that it goes into, there and back. */
export function moveOperation(
  host: KubeSphereCluster,
  at: KubeSphereCluster,
  verb: MoveVerb,
  project: ObjectRef,
  to: string | null,
): Operation<Former, void> {
  if (verb === 'unbind') return unbindProject(at, project, host) as Operation<Former, void>;
  checkName('workspace', to);
  const into = verb === 'bind' ? bindProject(at, project, to, host) : transferProject(at, project, to, host);
  return into as Operation<Former, void>;
}

/**
 * Apps first: at every moment the deletion of the workspace that the project leaves uninstalls none of them. Every release of the
 * project is an item, so that one that is installed meanwhile halts the run.
 */
const apps = defineItemStep<State, FederationEnv>()({
  name: 'apps',
  title: "Give the project's apps its new workspace",
  ...operatesOnEach<State, Release, Label>(
    async ({ env, state: { input }, signal }: Known<State>) => {
      const at = await clusterByName(env)(input.cluster, { signal });
      const releases = await releasesOf(env, at, input.name, { signal });
      return releases.map((item) => ({ key: `${item.cluster}/${item.name}`, item }));
    },
    async ({ env, state: { input }, signal }, release) =>
      setLabel(await clusterByName(env)(release.cluster, { signal }), kubesphere.helmReleases, release, {
        label: workspaceLabel,
        to: input.to,
      }),
  ),
  remedy: 'Give the HelmRelease label kubesphere.io/workspace of the workspace that its project is in.',
});

const project = defineStep<State, FederationEnv>()({
  name: 'project',
  title: 'Give the project its new workspace',
  ...operates<State, Former, void>(async ({ env, state: { input }, signal }) =>
    moveOperation(env.host, await clusterByName(env)(input.cluster, { signal }), input.verb, input, input.to),
  ),
  remedy:
    'Put the project back with namespaces.bind or transfer, which look first whether its workspace is placed there.',
});

/** A project changes its workspace, and its apps with it. */
export const moveWithApps = composeMethod<MoveWithApps>('namespaces.move')
  .each(apps)
  .step(project)
  .returns(() => undefined);
