import type { KubeObject, Resource } from '../kube/objects.ts';
import { type AdmissionConfiguration, core } from '../kube/resources.ts';
import { nameLabel } from '../kubesphere/names.ts';
import { kubesphere } from '../kubesphere/resources.ts';

/** What a shield keeps: the API server refuses to delete these, whoever asks. */
export interface Shielded {
  /** Part of the names of the objects that make the shield. */
  readonly id: string;
  readonly namespaces: readonly string[];
  readonly workspaces: readonly string[];
}

/** How a shield is made: of admission policies, or of a webhook configuration. */
export type Form = 'policy' | 'webhook';
/** One object that makes a shield. */
export interface Part {
  readonly resource: Resource<AdmissionConfiguration>;
  readonly name: string;
  readonly body: Omit<AdmissionConfiguration, keyof KubeObject>;
}

const tenantGroup = kubesphere.workspaces.group;
const deletesOf = (apiGroup: string, resource: string): object => ({
  apiGroups: [apiGroup],
  apiVersions: ['*'],
  operations: ['DELETE'],
  resources: [resource],
});
const byName = (names: readonly string[]): object => ({
  matchExpressions: [{ key: nameLabel, operator: 'In', values: [...names].sort() }],
});

function policyParts({ id, namespaces, workspaces }: Shielded): Part[] {
  const message = `kept by kubesphere-federation (shield ${id}); whoever put the shield up takes it down`;
  const policy = (suffix: string, constraints: object, expression: string): Part[] => {
    const name = `kubesphere-federation-${id}-${suffix}`;
    return [
      {
        resource: core.validatingAdmissionPolicies,
        name,
        body: {
          spec: {
            failurePolicy: 'Fail',
            matchConstraints: constraints,
            validations: [{ expression, message, reason: 'Forbidden' }],
          },
        },
      },
      {
        resource: core.validatingAdmissionPolicyBindings,
        name,
        body: { spec: { policyName: name, validationActions: ['Deny'] } },
      },
    ];
  };
  return [
    ...(namespaces.length === 0
      ? []
      : policy(
          'namespaces',
          { resourceRules: [deletesOf('', 'namespaces')], namespaceSelector: byName(namespaces) },
          'false',
        )),
    // By name in the expression: resourceNames do not see a deletecollection.
    ...(workspaces.length === 0
      ? []
      : policy(
          'workspaces',
          { resourceRules: [deletesOf(tenantGroup, 'workspaces')] },
          `!(oldObject.metadata.name in ${JSON.stringify([...workspaces].sort())})`,
        )),
  ];
}

/** What the names of a shield's webhooks end with. */
export const webhookDomain = 'shield.kubesphere-federation.dev';

function webhookParts({ id, namespaces, workspaces }: Shielded): Part[] {
  const webhook = (suffix: string, rest: object): object => ({
    name: `${suffix}.${id}.${webhookDomain}`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    timeoutSeconds: 1,
    // Nobody listens there, on purpose: a webhook that cannot be called refuses.
    clientConfig: { url: 'https://127.0.0.1:1/shield' },
    ...rest,
  });
  return [
    {
      resource: core.validatingWebhookConfigurations,
      name: `kubesphere-federation-${id}`,
      body: {
        webhooks: [
          ...(namespaces.length === 0
            ? []
            : [webhook('namespaces', { rules: [deletesOf('', 'namespaces')], namespaceSelector: byName(namespaces) })]),
          // A webhook of old servers cannot name Workspaces: it refuses to delete any.
          ...(workspaces.length === 0
            ? []
            : [webhook('workspaces', { rules: [deletesOf(tenantGroup, 'workspaces')] })]),
        ] as AdmissionConfiguration['webhooks'] & object,
      },
    },
  ];
}

/** The objects that make a shield of this form. */
export function parts(form: Form, shielded: Shielded): Part[] {
  return form === 'policy' ? policyParts(shielded) : webhookParts(shielded);
}

/** The kinds of those objects. */
export function kindsOf(form: Form, shielded: Shielded): string[] {
  return [...new Set(parts(form, shielded).map(({ resource }) => resource.kind))];
}

/** Whether it was this shield that refused, not another one over the same objects. */
export function isOf(id: string, refusal: string | undefined): boolean {
  return refusal !== undefined && (refusal.includes(`(shield ${id})`) || refusal.includes(`.${id}.${webhookDomain}`));
}

/** Whether it was any shield of ours. */
export function isAnyShield(refusal: string): boolean {
  return refusal.includes('kept by kubesphere-federation (shield ') || refusal.includes(`.${webhookDomain}`);
}
