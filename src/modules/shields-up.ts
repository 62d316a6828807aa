import { FederationError } from '../errors.ts';
import type { Resource } from '../kube/objects.ts';
import { type AdmissionConfiguration, core } from '../kube/resources.ts';
import type { KubeSphereCluster } from '../kubesphere/cluster.ts';
import { runAnnotation } from '../kubesphere/names.ts';
import type { CallOptions } from '../types.ts';
import { type Form, webhookDomain } from './shield-forms.ts';

/** A shield that is up on a cluster, whoever raised it. */
export interface ShieldUp {
  readonly id: string;
  readonly form: Form;
  readonly namespaces: readonly string[];
  /** `all`: the webhook of an old server cannot name Workspaces, and keeps every one. */
  readonly workspaces: readonly string[] | 'all';
  /** The call (`call-…`) or run that raised it. */
  readonly runId: string | undefined;
}

interface Selector {
  readonly matchExpressions?: readonly { readonly values?: readonly string[] }[];
}
const namesIn = (selector: Selector | undefined): readonly string[] => selector?.matchExpressions?.[0]?.values ?? [];

interface Policy {
  readonly matchConstraints?: { readonly namespaceSelector?: Selector };
  readonly validations?: readonly { readonly expression?: string }[];
}

/** The names in `!(oldObject.metadata.name in ["a","b"])`. */
function namesOf(expression = ''): readonly string[] {
  const [list] = /\[.*\]/.exec(expression) ?? [];
  return list === undefined ? [] : (JSON.parse(list) as readonly string[]);
}

const policyName = /^kubesphere-federation-(.+)-(namespaces|workspaces)$/;

function ofPolicies(policies: readonly AdmissionConfiguration[]): ShieldUp[] {
  const found = new Map<string, ShieldUp>();
  for (const { metadata, spec } of policies) {
    const [, id = '', suffix] = policyName.exec(metadata.name) ?? [];
    if (id === '') continue;
    const { matchConstraints, validations } = (spec ?? {}) as Policy;
    const known = found.get(id) ?? { id, form: 'policy' as const, namespaces: [], workspaces: [], runId: undefined };
    const names =
      suffix === 'namespaces'
        ? { namespaces: namesIn(matchConstraints?.namespaceSelector) }
        : { workspaces: namesOf(validations?.[0]?.expression) };
    found.set(id, { ...known, ...names, runId: metadata.annotations?.[runAnnotation] });
  }
  return [...found.values()];
}

function ofWebhooks(configurations: readonly AdmissionConfiguration[]): ShieldUp[] {
  return configurations.flatMap(({ metadata, webhooks = [] }): ShieldUp[] => {
    const id = /^kubesphere-federation-(.+)$/.exec(metadata.name)?.[1];
    const mine = webhooks.filter(({ name }) => String(name).endsWith(`.${id}.${webhookDomain}`));
    if (id === undefined || mine.length === 0) return [];
    const of = (suffix: string) => mine.find(({ name }) => String(name).startsWith(`${suffix}.`));
    return [
      {
        id,
        form: 'webhook',
        namespaces: namesIn(of('namespaces')?.['namespaceSelector'] as Selector | undefined),
        workspaces: of('workspaces') === undefined ? [] : 'all',
        runId: metadata.annotations?.[runAnnotation],
      },
    ];
  });
}

/** Shields that are up on a cluster; a policy without its binding refuses nothing, and is none. */
export async function shieldsUp({ connection }: KubeSphereCluster, options: CallOptions): Promise<readonly ShieldUp[]> {
  const all = async (resource: Resource<AdmissionConfiguration>): Promise<readonly AdmissionConfiguration[]> => {
    try {
      return await connection.list(resource, options).toArray();
    } catch (error) {
      // A server before 1.30 does not serve policies.
      if (FederationError.is(error, 'NOT_FOUND')) return [];
      throw error;
    }
  };
  const [policies, bindings, webhooks] = await Promise.all([
    all(core.validatingAdmissionPolicies),
    all(core.validatingAdmissionPolicyBindings),
    all(core.validatingWebhookConfigurations),
  ]);
  const bound = new Set(bindings.map(({ spec }) => spec?.['policyName']));
  return [...ofPolicies(policies.filter(({ metadata }) => bound.has(metadata.name))), ...ofWebhooks(webhooks)];
}
