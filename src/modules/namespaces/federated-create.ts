import { FederationError } from '../../errors.ts';
import { core } from '../../kube/resources.ts';
import { systemNamespaces } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { checkName, checkNames, invalid } from '../../kubesphere/validation.ts';
import type { Forecast } from '../../workflow/change.ts';
import { defineStep } from '../../workflow/step.ts';
import type { FederationEnv } from '../env.ts';
import { composeMethod, performAll } from '../method.ts';
import type { WriteOptions, Written } from '../operation.ts';
import { editPlacement, type PlacementBefore, strangerOn } from '../operations/edit-placement.ts';
import { createFederatedNamespace, createHostNamespace } from '../operations/federated-namespace.ts';
import { checkArgument, checkOptions, type FieldsOf } from '../options.ts';
import { placeables, resolve } from '../placement/clusters.ts';
import { refuseSystemWorkspace } from '../placement/input.ts';
import { assertRights, toPatch, toWatch } from '../rights.ts';
import { operates } from '../steps.ts';

/** A multi-cluster project to create. */
export interface NewFederatedProject {
  readonly name: string;
  readonly workspace: string;
  /** Names of Cluster objects, on each of which the workspace is placed. */
  readonly clusters: readonly string[];
}

const newProjectFields: FieldsOf<NewFederatedProject> = { name: true, workspace: true, clusters: true };

interface Begun {
  readonly input: NewFederatedProject;
}

/** Nothing stands where a copy is to come, and the workspace is on every one of these clusters. */
const check = defineStep<Begun, FederationEnv>()({
  name: 'check',
  title: 'The workspace is on these clusters, and the name is free there',
  readOnly: true,
  forecast: async ({ state: { input }, env, signal }): Promise<Forecast<null>> => {
    const { name, workspace, clusters } = input;
    const { spec } = await env.host.connection.get(kubesphere.workspaceTemplates, { name: workspace }, { signal });
    const all = await placeables(env.host, signal);
    const unknown = clusters.find((cluster) => !all.has(cluster));
    if (unknown !== undefined)
      throw new FederationError(
        'NOT_FOUND',
        `${env.host.name} has no cluster "${unknown}". federation.clusters.list() tells which it has.`,
      );
    const placed = resolve(spec.placement ?? {}, all, 'surely');
    const missing = clusters.filter((cluster) => !placed.includes(cluster));
    if (missing.length > 0)
      return {
        effect: 'blocked',
        why: `Workspace "${workspace}" is not placed on ${missing.join(', ')}.`,
        remedy: 'Authorize it there with clusters.authorize first, or leave that cluster out.',
      };
    for (const cluster of clusters) {
      const strange = await strangerOn(env, cluster, name, signal);
      if (strange !== undefined) return strange;
    }
    // Of the last step, which has nothing to look at before the first two are done.
    const members = await Promise.all(clusters.map((cluster) => env.member(cluster, { signal })));
    await assertRights(
      [
        ...members.flatMap((member) => toWatch(member, core.namespaces)),
        ...toPatch(env.host, kubesphere.federatedNamespaces),
      ],
      signal,
    );
    return { effect: 'none', why: 'nothing is in the way', out: null };
  },
  run: async () => null,
});

const hostNamespace = defineStep<Begun, FederationEnv>()({
  name: 'host-namespace',
  title: "Create the host's own namespace, which holds the definitions",
  ...operates<Begun, null, void>(async ({ state: { input }, env }) => createHostNamespace(env.host, input)),
  remedy: 'Delete that namespace on the host, once you have seen that it is empty.',
});

const federatedNamespace = defineStep<Begun, FederationEnv>()({
  name: 'federated-namespace',
  title: 'Create the FederatedNamespace, placed nowhere yet',
  ...operates<Begun, null, void>(async ({ state: { input }, env }) => createFederatedNamespace(env.host, input)),
  remedy: 'Delete the multi-cluster project with namespaces.deleteFederated.',
});

/** From here on it lives on members: whoever takes it back takes it from those who may use it by then. */
const place = defineStep<Begun, FederationEnv>()({
  name: 'place',
  title: 'Place it, and see it arrive',
  pivot: true,
  irreversible: 'namespaces.deleteFederated takes it back, and says what goes with it',
  ...operates<Begun, PlacementBefore, void>(async ({ state: { input }, env, signal }) => {
    const { name, clusters } = input;
    const at = { namespace: name, name };
    const found = await env.host.connection.find(kubesphere.federatedNamespaces, at, { signal });
    if (found === undefined) return undefined;
    const subject = { kind: 'project', name, uid: found.metadata.uid } as const;
    return editPlacement(env, { subject, edit: { add: clusters }, mayLeave: [] });
  }),
});

/** Creates a multi-cluster project. */
export const createFederatedProject = composeMethod<NewFederatedProject>('create-multi-cluster-project')
  .step(check)
  .step(hostNamespace)
  .step(federatedNamespace)
  .step(place)
  .returns(() => undefined);

/** Creates a multi-cluster project. See `Namespaces.createFederated`. */
export async function createFederated(
  env: FederationEnv,
  project: NewFederatedProject,
  options?: WriteOptions,
): Promise<Written<void>> {
  checkOptions(options);
  checkArgument('project', project, newProjectFields);
  const { name, workspace, clusters } = project;
  checkName('name', name);
  if (systemNamespaces.has(name)) throw invalid('name', `is ${name}, which belongs to the installation itself.`);
  checkName('workspace', workspace);
  refuseSystemWorkspace('workspace', workspace);
  checkNames('clusters', clusters);
  return performAll(
    createFederatedProject,
    { name, workspace, clusters: [...clusters] },
    env,
    `create multi-cluster project "${name}"`,
    options,
  );
}
