import { sleep } from '../../internal/signal.ts';
import type { ObjectRef } from '../../kube/objects.ts';
import { workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { Forecast } from '../../workflow/change.ts';
import { piece } from '../../workflow/compose.ts';
import { defineItemStep, defineStep } from '../../workflow/step.ts';
import type { FederationEnv } from '../env.ts';
import type { Operation } from '../operation.ts';
import type { Bound } from '../operations/bind-project.ts';
import { type CopyBefore, releaseCopy } from '../operations/release-copy.ts';
import { type Label, setLabel } from '../operations/set-label.ts';
import { type Raised, raiseShield } from '../shield.ts';
import { operatesOnEach } from '../steps.ts';
import { assertNothingGoes } from './last-look.ts';
import { blockedOn, obstaclesToLeaving } from './obstacles.ts';
import { type Kept, keptOn, shieldOf } from './shield.ts';
import type { Subject } from './subject.ts';
import { type LeavingProjects, refuseSystemNamespaces, surveyLeaving } from './survey.ts';
import { type BoundAt, unbindFrom } from './unbind-from.ts';

/** What {@link releaseProjects} is about: a subject, and the clusters that it is to be taken off. */
export interface ReleaseInput {
  readonly subject: Subject;
  /** Names of Cluster objects. */
  readonly leaving: readonly string[];
  readonly lookBackMs: number;
  /** The multi-cluster project is to go altogether, with the host's own namespace. @defaultValue false */
  readonly whole?: boolean;
}

/** What {@link releaseProjects} needs from before. */
export interface Releasing {
  readonly input: ReleaseInput;
}

/** What its later steps know. */
export interface Read extends Releasing {
  readonly survey: LeavingProjects;
}

const readProjects = defineStep<Releasing, FederationEnv>()({
  name: 'survey',
  title: 'Read what is on the clusters that go',
  readOnly: true,
  forecast: async ({ state: { input }, env, signal }): Promise<Forecast<LeavingProjects>> => {
    const found = await surveyLeaving(env, input.subject, input.leaving, { ...input, signal });
    refuseSystemNamespaces(found);
    const against = obstaclesToLeaving(found, input.subject.name, 'keep');
    if (against.length > 0) return blockedOn(against);
    const count = found.clusters.reduce((sum, { plain, federated }) => sum + plain.length + federated.length, 0);
    return { effect: 'none', why: `${count} project(s) are to be kept`, out: found };
  },
  run: async ({ state: { input }, env, signal }): Promise<LeavingProjects> =>
    surveyLeaving(env, input.subject, input.leaving, { ...input, signal }),
});

/** The operation without what it yields: items yield nothing. */
const quietly = (operation: Operation<Raised, Raised>): Operation<Raised, void> => ({
  forecast: async (work): Promise<Forecast<void>> => {
    const forecast = await operation.forecast(work);
    if (forecast.effect === 'none') return { effect: 'none', why: forecast.why, out: undefined };
    return forecast.effect === 'change' ? { effect: 'change', changes: forecast.changes } : forecast;
  },
  capture: operation.capture,
  run: async (work, before) => void (await operation.run(work, before)),
  verify: (work, before) => operation.verify(work, before, before),
  compensate: (work, before) => operation.compensate(work, before, undefined),
  ...(operation.needs !== undefined && { needs: operation.needs }),
});

const shieldUp = defineItemStep<Read, FederationEnv>()({
  name: 'shield-up',
  title: 'Shield up: the clusters that go refuse to delete what is kept',
  ...operatesOnEach<Read, Kept, Raised>(
    async ({ state }) => keptOn(state.survey),
    async ({ env, runId, signal }, kept) =>
      quietly(raiseShield(await env.member(kept.cluster, { signal }), shieldOf(runId, kept))),
  ),
  remedy: 'Take owner references that are gone off the kept namespaces, then delete the policies named in the error.',
});

/** The label of a workspace that is left would have the app uninstalled when that workspace is deleted one day (H1). */
const detachApps = defineItemStep<Read, FederationEnv>()({
  name: 'detach-apps',
  title: 'Take the apps of these projects out of reach of the workspace',
  ...operatesOnEach<Read, ObjectRef, Label>(
    async ({ state }) => (state.survey?.apps ?? []).map((item) => ({ key: item.name, item })),
    async ({ env }, app) =>
      setLabel(env.host, kubesphere.helmReleases, app, { label: workspaceLabel, to: null, heirs: true }),
  ),
  remedy: `Put label ${workspaceLabel} back on that HelmRelease.`,
});

const unbind = defineItemStep<Read, FederationEnv>()({
  name: 'unbind',
  title: 'Unbind the projects on the clusters that go',
  ...operatesOnEach<Read, BoundAt, Bound>(
    async ({ state }) =>
      (state.survey?.clusters ?? []).flatMap(({ cluster, workspace, plain }) =>
        plain.map(({ name, uid }) => ({ key: `${cluster}/${name}`, item: { cluster, workspace, name, uid } })),
      ),
    async ({ env, signal }, item) => unbindFrom(env.host, await env.member(item.cluster, { signal }), item),
  ),
  remedy: 'Bind the project again with namespaces.bind; annotation kubesphere-federation/unbound-from says where.',
});

interface CopyAt extends ObjectRef {
  readonly cluster: string;
}

const releaseCopies = defineItemStep<Read, FederationEnv>()({
  name: 'release-copies',
  title: 'Release the copies of multi-cluster projects on the clusters that go',
  ...operatesOnEach<Read, CopyAt, CopyBefore>(
    async ({ state }) =>
      (state.survey?.clusters ?? []).flatMap(({ cluster, federated }) =>
        federated.map(({ name, uid }) => ({ key: `${cluster}/${name}`, item: { cluster, name, uid } })),
      ),
    async ({ env, signal }, { cluster, ...copy }) =>
      releaseCopy(env.host, await env.member(cluster, { signal }), cluster, copy),
  ),
  remedy: 'Place the multi-cluster project on that cluster again, then put label kubefed.io/managed=true back.',
});

/** What was unbound, waited for and looked at again. A host that puts a label back does so up to 11 s later (8.2). */
const lookBack = defineStep<Read, FederationEnv>()({
  name: 'look-back',
  title: 'Look back: nothing that is kept would go',
  readOnly: true,
  forecast: async ({ state }): Promise<Forecast<{ readonly looked: number }>> => {
    const kept = keptOn(state.survey).length;
    return kept === 0
      ? { effect: 'none', why: 'there is nothing to keep', out: { looked: 0 } }
      : { effect: 'unknown', why: 'it waits, then reads everything again', touches: [] };
  },
  run: async ({ state: { input, survey: found }, env, signal }) => {
    await sleep(input.lookBackMs, signal);
    await assertNothingGoes(env, input.subject, found, signal);
    return { looked: keptOn(found).length };
  },
});

/**
 * Makes sure that nothing is lost when a workspace, or a multi-cluster project, leaves clusters: its projects there are unbound, copies
 * of multi-cluster projects released, their apps kept, all under a shield, and looked at again. A failure before the write is
 * undone; `KEPT_AT_RISK` and `WORLD_MOVED` halt the run, shield up, for somebody to look. Include it before whatever makes the
 * placement smaller or deletes the workspace; `lowerShields` comes after that.
 */
export const releaseProjects = piece<Releasing, FederationEnv>()
  .step(readProjects)
  .each(shieldUp)
  .each(detachApps)
  .each(unbind)
  .each(releaseCopies)
  .step(lookBack);

/** What comes after {@link releaseProjects} may rely on. */
export interface Released extends Read {
  readonly 'shield-up': unknown;
  readonly 'look-back': { readonly looked: number };
}
