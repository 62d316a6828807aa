import { FederationError } from '../../errors.ts';
import type { ObjectRef } from '../../kube/objects.ts';
import { defineResource } from '../../kube/resources.ts';
import { visibilityLabel } from '../../kubesphere/names.ts';
import { type FederatedObject, kubesphere, type Placement } from '../../kubesphere/resources.ts';
import { checkObjectName, checkOneOf } from '../../kubesphere/validation.ts';
import { some } from '../closure.ts';
import type { FederationEnv } from '../env.ts';
import { inTime } from '../in-time.ts';
import { type Operation, perform, type WriteOptions, type Written } from '../operation.ts';
import { type Label, setLabel } from '../operations/set-label.ts';
import { checkOptions } from '../options.ts';
import { type Placeable, placeables, resolve } from '../placement/clusters.ts';
import type { Visibility } from './info.ts';

/** Everything of a host that is placed by a selector, in words. */
async function* placedBySelector(
  { host: { connection } }: FederationEnv,
  signal: AbortSignal,
): AsyncGenerator<{ readonly what: string; readonly placement: Placement }> {
  for await (const { metadata, spec } of connection.list(kubesphere.workspaceTemplates, { signal }))
    if (spec.placement?.clusterSelector !== undefined)
      yield { what: `workspace "${metadata.name}"`, placement: spec.placement };
  const kinds = (await connection.resources({ signal })).filter(
    ({ group, verbs }) => group === kubesphere.federatedNamespaces.group && verbs.includes('list'),
  );
  for (const kind of kinds)
    for await (const { metadata, spec } of connection.list(defineResource<FederatedObject>(kind), { signal }))
      if (spec?.placement?.clusterSelector !== undefined)
        yield {
          what: `${kind.kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`,
          placement: spec.placement,
        };
}

/** What kubefed would delete on the cluster, for its selector no longer takes the labels that the cluster has then. */
async function leavingWith(
  env: FederationEnv,
  name: string,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const cluster = (await placeables(env.host, signal)).get(name);
  if (cluster === undefined) return [];
  const as = (one: Placeable): ReadonlyMap<string, Placeable> => new Map([[name, one]]);
  const then = as({ ...cluster, labels: cluster.labels.map((now) => ({ ...now, ...labels })) });
  const leaving: string[] = [];
  for await (const { what, placement } of placedBySelector(env, signal))
    if (resolve(placement, as(cluster), 'possibly').length > 0 && resolve(placement, then, 'surely').length === 0)
      leaving.push(what);
  return leaving;
}

/**
 * Gives a cluster its label of visibility where no placement hangs on it: KubeSphere copies it to kubefed within two minutes, which
 * deletes whatever a selector no longer means there (H7).
 */
export function labelVisibility(
  env: FederationEnv,
  cluster: ObjectRef,
  visibility: Visibility,
): Operation<Label, void> {
  const { name } = cluster;
  const labels = { [visibilityLabel]: visibility };
  const setting = setLabel(env.host, kubesphere.clusters, cluster, {
    label: visibilityLabel,
    to: visibility,
    required: true,
  });
  const against = async (signal: AbortSignal) => {
    const leaving = await leavingWith(env, name, labels, signal);
    return leaving.length === 0
      ? undefined
      : {
          why: `${some(leaving)} of ${env.host.name} would leave "${name}": placed by a selector of labels, which would not mean it any more. kubefed would delete them there with every project in them.`,
          remedy:
            'Give them another placement first: workspaces.setPlacement and namespaces.setFederatedPlacement say what becomes of the projects.',
        };
  };
  return {
    ...setting,
    async forecast(work) {
      const forecast = await setting.forecast(work);
      const hindrance = forecast.effect === 'change' ? await against(work.signal) : undefined;
      return hindrance === undefined ? forecast : { effect: 'blocked', ...hindrance };
    },
    async run(work, before) {
      const hindrance = await against(work.signal);
      if (hindrance !== undefined)
        throw new FederationError('KEPT_AT_RISK', `${hindrance.why} Nothing was changed. ${hindrance.remedy}`);
      return setting.run(work, before);
    },
  };
}

/** {@link Clusters.setVisibility}, with its input checked. */
export async function setVisibility(
  env: FederationEnv,
  name: string,
  visibility: Visibility,
  options: WriteOptions = {},
): Promise<Written<void>> {
  checkOptions(options);
  checkObjectName('name', name);
  checkOneOf('visibility', visibility, ['public', 'private']);
  const what = `make cluster "${name}" ${visibility}`;
  return inTime(options, what, async (call) => {
    const { metadata } = await env.host.connection.get(kubesphere.clusters, { name }, call);
    return perform(labelVisibility(env, metadata, visibility), what, call);
  });
}
