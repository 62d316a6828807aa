import { FederationError } from '../../errors.ts';
import { deadline } from '../../internal/signal.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { checkName } from '../../kubesphere/validation.ts';
import { defineStep } from '../../workflow/step.ts';
import { some } from '../closure.ts';
import type { FederationEnv } from '../env.ts';
import { assertNotKept } from '../kept-from-deletion.ts';
import { composeMethod, performAll } from '../method.ts';
import type { WriteOptions, Written } from '../operation.ts';
import { deleteFederatedNamespace, deleteHostNamespace } from '../operations/federated-namespace.ts';
import { checkOptions } from '../options.ts';
import { assertExactly } from '../placement/agreed.ts';
import { joinedOf, placeables } from '../placement/clusters.ts';
import { checkFate, lookBackDefaultMs, type ShrinkOptions, shrinkIn } from '../placement/input.ts';
import { assertAlive, assertNothingGoes } from '../placement/last-look.ts';
import { seeLeft } from '../placement/left.ts';
import { type Released, type ReleaseInput, releaseProjects } from '../placement/release.ts';
import { shieldDown } from '../placement/shield.ts';
import { type AgreedInput, agree } from '../placement/shrink.ts';
import type { LeavingProjects } from '../placement/survey.ts';
import { operates } from '../steps.ts';

const pivot = { pivot: true, irreversible: 'what kubefed has let go of, or deleted, it does not take back' } as const;

/** Whatever was joined since was not looked at, and its copy would go, too. */
async function assertNoneJoined(
  { host }: FederationEnv,
  { subject, leaving }: ReleaseInput,
  signal: AbortSignal,
): Promise<void> {
  const unseen = joinedOf(await placeables(host, signal)).filter((name) => !leaving.includes(name));
  if (unseen.length === 0) return;
  throw new FederationError(
    'WORLD_MOVED',
    `${host.name}: ${some(unseen)} joined after the clusters of multi-cluster project "${subject.name}" were counted; what it has there would be deleted unseen. Nothing was deleted. Unbind what joined (clusters.unbind deletes nothing), then resume.`,
    { details: { clusters: unseen } },
  );
}

const deleteKeeping = defineStep<Released, FederationEnv>()({
  name: 'delete',
  title: 'Delete its FederatedNamespace; every copy stays',
  ...pivot,
  ...operates<Released, null, void>(async ({ state: { input, survey: found }, env }) =>
    found === undefined
      ? undefined
      : deleteFederatedNamespace(
          env.host,
          input.subject,
          async ({ signal }) => {
            await assertNothingGoes(env, input.subject, found, signal);
            await assertNoneJoined(env, input, signal);
          },
          { wait: ({ signal }) => assertAlive(env, found, signal), needs: async () => [] },
        ),
  ),
});

/** Deletes a multi-cluster project, and every copy lives on as a namespace of its own. */
export const deleteFederatedKeep = composeMethod<ReleaseInput>('delete-multi-cluster-project-keep')
  .include(releaseProjects)
  .step(deleteKeeping)
  .each(shieldDown)
  .returns(() => undefined);

interface Agreed {
  readonly input: AgreedInput;
  readonly agree: LeavingProjects;
}

const membersOf = ({ clusters, apps }: LeavingProjects): LeavingProjects => ({
  clusters: clusters.filter(({ host }) => !host),
  apps,
});

const deleteCopies = defineStep<Agreed, FederationEnv>()({
  name: 'delete',
  title: 'Delete its FederatedNamespace, and with it every copy',
  ...pivot,
  ...operates<Agreed, null, void>(async ({ state: { input, agree: found }, env }) =>
    found === undefined
      ? undefined
      : deleteFederatedNamespace(
          env.host,
          input.subject,
          async ({ signal }) => {
            await assertNotKept(env, input.delete, signal);
            await assertExactly(env, input.subject, input.leaving, input.delete, { ...input, signal });
            await assertNoneJoined(env, input, signal);
          },
          seeLeft(env, input.subject, membersOf(found), 'delete'),
        ),
  ),
});

const deleteOwn = defineStep<Agreed, FederationEnv>()({
  name: 'delete-host-namespace',
  title: "Delete the host's own namespace, with the definitions",
  irreversible: 'it was named, and is deleted',
  ...operates<Agreed, null, void>(async ({ state: { agree: found }, env }) => {
    const own = found?.clusters.find(({ host }) => host)?.closure[0];
    return own === undefined ? undefined : deleteHostNamespace(env.host, own);
  }),
});

/** Deletes a multi-cluster project with all its copies, which the caller named. */
export const deleteFederatedDelete = composeMethod<AgreedInput>('delete-multi-cluster-project-delete')
  .step(agree)
  .step(deleteCopies)
  .step(deleteOwn)
  .returns(() => undefined);

/** Deletes a multi-cluster project. See `Namespaces.deleteFederated`. */
export async function deleteFederated(
  env: FederationEnv,
  name: string,
  shrink: ShrinkOptions,
  options: WriteOptions = {},
): Promise<Written<void>> {
  checkOptions(options);
  checkName('name', name);
  const { projects, lookBackMs = lookBackDefaultMs } = shrinkIn(env, shrink);
  checkFate(projects);
  const what = `delete multi-cluster project "${name}"`;
  using limit = deadline(options, what);
  const { signal } = limit;
  const at = { namespace: name, name };
  const { metadata } = await env.host.connection.get(kubesphere.federatedNamespaces, at, { signal });
  const input = {
    subject: { kind: 'project' as const, name, uid: metadata.uid },
    // One that does not answer would hold it up for ever (2.6).
    leaving: joinedOf(await placeables(env.host, signal)),
    lookBackMs,
    whole: true,
  };
  const call = { ...options, signal };
  if (projects === 'keep') return performAll(deleteFederatedKeep, input, env, what, call);
  const listed = projects.delete.map(({ cluster, name: one, uid }) => ({ cluster, name: one, uid }));
  return performAll(deleteFederatedDelete, { ...input, delete: listed }, env, what, call);
}
