import { FederationError } from '../../errors.ts';
import { connectCluster } from '../../kube/connect.ts';
import { portableKubeconfig } from '../../kube/portable.ts';
import { assertDifferent, openCluster } from '../../kubesphere/cluster.ts';
import { systemWorkspace } from '../../kubesphere/names.ts';
import { checkLabels, checkName, checkOneOf, checkText, refuseUndefined } from '../../kubesphere/validation.ts';
import { defineStep } from '../../workflow/step.ts';
import type { FederationEnv } from '../env.ts';
import { inTime } from '../in-time.ts';
import { composeMethod, performAll } from '../method.ts';
import type { Operation, WriteOptions, Written } from '../operation.ts';
import { clusterSecrets } from '../operations/cluster-object.ts';
import { importByAgent } from '../operations/import-by-agent.ts';
import { importCluster } from '../operations/import-cluster.ts';
import { callOptionsIn, checkArgument, checkOptions, type FieldsOf } from '../options.ts';
import { type Known, operates } from '../steps.ts';
import { guardImport } from './import-guard.ts';
import {
  arrivalsStep,
  type Expected,
  type ImportEnv,
  type ImportInput,
  parkStep,
  tidyStep,
  unknownKubeconfig,
} from './import-steps.ts';
import { acceptableFindings, type NewCluster } from './info.ts';

/** The member, and the kubeconfig that the host has, or is to have; `undefined` where neither the call nor the host knows it. */
async function reachedIn({ env, state: { input }, signal }: Known<Expected> & { readonly env: ImportEnv }) {
  if (env.reached !== undefined) return env.reached;
  const { kubeconfig } = await clusterSecrets(env.host, input.name, signal);
  if (kubeconfig === undefined) return undefined;
  const member = await env.member(input.name, { signal });
  if (member.uid === input.memberUid) return { member, kubeconfig };
  throw new FederationError(
    'ENV_CHANGED',
    `The way to "${input.name}" leads to another cluster (UID ${member.uid}) than the one that was to be imported (UID ${input.memberUid}).`,
  );
}

/** What is left where the process that knew the kubeconfig died before the host had it: nothing but the way back. */
function lost(taking: Operation<null, void>): Operation<null, void> {
  const refuse = async (): Promise<never> => {
    throw unknownKubeconfig();
  };
  return { ...taking, forecast: refuse, run: refuse, verify: refuse };
}

async function importing(known: Known<Expected> & { readonly env: ImportEnv }): Promise<Operation<null, void>> {
  const { host } = known.env;
  const { name, way, memberUid, provider, labels, accept, formerHostGone } = known.state.input;
  const common = { name, labels, ...(provider !== null && { provider }) };
  const unread = importByAgent(host, common);
  if (memberUid === null) return unread;
  const reached = await reachedIn(known);
  if (reached === undefined) return lost(unread);
  const { member, kubeconfig } = reached;
  const operation =
    way === 'agent'
      ? importByAgent(host, { ...common, ...(!formerHostGone && { unlessMarked: member }) })
      : importCluster(host, {
          ...common,
          member,
          kubeconfig: async () => kubeconfig,
          proof: [systemWorkspace],
          unlessMarked: !formerHostGone,
        });
  return guardImport(
    operation,
    host,
    member,
    { name, kubeconfig, connection: way, labels },
    { accept, formerHostGone, before: known.state.arrivals },
  );
}

const join = defineStep<Expected, ImportEnv>()({
  name: 'import',
  title: 'The host takes the member in, and something of it arrives there',
  ...operates<Expected, null, void>(importing),
  // The Cluster object is the host's: nothing is asked of the member, which may be gone by then.
  compensate: ({ env: { host }, state: { input }, ...ctx }) =>
    importByAgent(host, { name: input.name }).compensate({ ...ctx, assertHeld: ctx.confirmDriver }, null, undefined),
  remedy: 'Unbind the cluster (federation.clusters.unbind), and look at what the host has left on it.',
});

/** Imports a member: its Cluster object is inert first, then it joins. Its way back unbinds it, and takes off the member what came of it. */
export const importWorkflow = composeMethod<ImportInput>('clusters.import')
  .step(parkStep)
  .step(arrivalsStep)
  .step(join)
  .step(tidyStep)
  .returns((): void => undefined);

/** All of {@link NewCluster}. */
export const newClusterFields: FieldsOf<NewCluster> = {
  ...{ name: true, kubeconfig: true, connection: true, provider: true, labels: true },
  ...{ formerHostGone: true, accept: true },
};

/** {@link Clusters.import}, with its input checked. */
export async function importMember(
  federation: FederationEnv,
  cluster: NewCluster,
  options: WriteOptions = {},
): Promise<Written<void>> {
  checkOptions(options);
  checkArgument('cluster', cluster, newClusterFields);
  refuseUndefined('', cluster, 'kubeconfig');
  const { name, kubeconfig, connection: way = 'direct', provider, labels = {}, formerHostGone, accept = [] } = cluster;
  checkName('name', name);
  checkLabels('labels', labels);
  checkOneOf('connection', way, ['direct', 'agent']);
  if (way === 'direct' || formerHostGone !== true) checkText('kubeconfig', kubeconfig);
  for (const [index, code] of accept.entries()) checkOneOf(`accept[${index}]`, code, acceptableFindings);
  const what = `import cluster "${name}"`;
  const { host } = federation;
  const env: FederationEnv = { host, member: (...args) => federation.member(...args) };
  const input: ImportInput = {
    ...{ name, way, provider: provider ?? null, labels, accept, formerHostGone: formerHostGone === true },
    memberUid: null,
  };
  if (kubeconfig === undefined) return performAll(importWorkflow, input, env, what, options);
  const { text } = await portableKubeconfig(kubeconfig);
  return inTime(options, what, async (call) => {
    await using connection = await connectCluster({ kubeconfig: text, name });
    const member = await openCluster(connection, callOptionsIn(call));
    assertDifferent(host, member, ['the host', `the member "${name}"`]);
    const reaching: ImportEnv = { ...env, reached: { member, kubeconfig: text } };
    // Awaited here: the connection lives only as long as this call.
    return await performAll(importWorkflow, { ...input, memberUid: member.uid }, reaching, what, call);
  });
}
