import { expect } from 'vitest';
import { managedLabel, runAnnotation, unboundAnnotation, workspaceLabel } from '../../../src/kubesphere/names.ts';
import type { ExpectedWrite } from './method.ts';
import type { ClusterName } from './world.ts';

const admission = '/apis/admissionregistration.k8s.io/v1';
const preconditions = { uid: expect.any(String), resourceVersion: expect.any(String) };

/** A deletion of the very state that was read. */
export const deleting = (
  cluster: ClusterName,
  path: ExpectedWrite['path'],
  propagationPolicy: 'Background' | 'Orphan' = 'Background',
): ExpectedWrite => ({
  cluster,
  method: 'DELETE',
  path,
  body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy },
});

/** What a shield keeps: namespaces, or workspaces, by name. */
type Kept = { readonly namespaces: readonly string[] } | { readonly workspaces: readonly string[] };

const policy = (kept: Kept): object => {
  const rule = { apiVersions: ['*'], operations: ['DELETE'] };
  const says = { message: expect.stringContaining('kept by kubesphere-federation'), reason: 'Forbidden' };
  if ('workspaces' in kept)
    return {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [{ ...rule, apiGroups: ['tenant.kubesphere.io'], resources: ['workspaces'] }],
      },
      validations: [{ ...says, expression: `!(oldObject.metadata.name in ${JSON.stringify(kept.workspaces)})` }],
    };
  const selected = { key: 'kubernetes.io/metadata.name', operator: 'In', values: kept.namespaces };
  return {
    failurePolicy: 'Fail',
    matchConstraints: {
      namespaceSelector: { matchExpressions: [selected] },
      resourceRules: [{ ...rule, apiGroups: [''], resources: ['namespaces'] }],
    },
    validations: [{ ...says, expression: 'false' }],
  };
};

/** The writes that put a shield up around `between`, and take it down in the opposite order. */
export function shieldedBy(
  cluster: ClusterName,
  kept: readonly Kept[],
  ...between: readonly ExpectedWrite[]
): readonly ExpectedWrite[] {
  const parts = kept.flatMap((one) => {
    const [what = ''] = Object.keys(one);
    const name = expect.stringMatching(`^kubesphere-federation-(keep|adopt)-[0-9a-f]{10}-${what}$`);
    return [
      ['ValidatingAdmissionPolicy', 'validatingadmissionpolicies', what, name, policy(one)],
      [
        'ValidatingAdmissionPolicyBinding',
        'validatingadmissionpolicybindings',
        what,
        name,
        { policyName: name, validationActions: ['Deny'] },
      ],
    ] as const;
  });
  return [
    ...parts.map(
      ([kind, plural, , name, spec]): ExpectedWrite => ({
        cluster,
        method: 'POST',
        path: `${admission}/${plural}`,
        body: {
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind,
          metadata: { name, annotations: { [runAnnotation]: expect.stringMatching(/^run-/) } },
          spec,
        },
      }),
    ),
    ...between,
    ...parts
      .toReversed()
      .map(([, plural, what]) =>
        deleting(
          cluster,
          expect.stringMatching(`^${admission}/${plural}/kubesphere-federation-(keep|adopt)-.*-${what}$`),
        ),
      ),
  ];
}

/** What is put into every project that `team` makes, by the end of its path. */
const contents = [
  ['api/v1', 'configmaps/settings'],
  ['api/v1', 'persistentvolumeclaims/data'],
  ['api/v1', 'secrets/credentials'],
  ['apis/apps/v1', 'deployments/web'],
] as const;

const unmade =
  (labels: Readonly<Record<string, string>>) =>
  (cluster: ClusterName, name: string, workspace: string): ExpectedWrite => ({
    cluster,
    method: 'PATCH',
    path: `/api/v1/namespaces/${name}`,
    body: {
      metadata: {
        ...preconditions,
        labels: { ...labels, [workspaceLabel]: null },
        annotations: { [unboundAnnotation]: expect.stringContaining(`{"workspace":"${workspace}","run":"run-`) },
        ownerReferences: [],
      },
    },
  });

/** The patch that takes a project out of its workspace: no label, no owner, and a note of where it was. */
export const unbound = unmade({});
/** The same for a namespace of a multi-cluster project, which is its host's no more. */
export const freed = unmade({ [managedLabel]: 'false' });

/** The writes that take a copy of a multi-cluster project from its host: all that is in it first. */
export const releasedOnM = (name: string, workspace: string): readonly ExpectedWrite[] => [
  ...contents.map(
    ([api, at]): ExpectedWrite => ({
      cluster: 'm',
      method: 'PATCH',
      path: `/${api}/namespaces/${name}/${at}`,
      body: { metadata: { ...preconditions, labels: { [managedLabel]: 'false' } } },
      abreast: true,
    }),
  ),
  freed('m', name, workspace),
];
