import type { KubeObject } from '../../kube/objects.ts';
import { defineResource } from '../../kube/resources.ts';

/** Amounts by resource, as Kubernetes writes them: `{ 'limits.cpu': '4', 'requests.memory': '8Gi', pods: '50' }`. */
export type Amounts = Readonly<Record<string, string>>;

/** Limits of what a project may use (v1 ResourceQuota). */
export interface ProjectQuota extends KubeObject {
  readonly spec?: { readonly hard?: Amounts; readonly scopes?: readonly string[] };
  readonly status?: { readonly hard?: Amounts; readonly used?: Amounts };
}

/** What a container, pod or claim gets where it asks for nothing, and the most and least it may ask for. */
export interface Limit {
  readonly type: 'Container' | 'Pod' | 'PersistentVolumeClaim';
  readonly default?: Amounts;
  readonly defaultRequest?: Amounts;
  readonly max?: Amounts;
  readonly min?: Amounts;
  readonly maxLimitRequestRatio?: Amounts;
}

/** Defaults and bounds of a project's containers (v1 LimitRange). */
export interface LimitRange extends KubeObject {
  readonly spec: { readonly limits: readonly Limit[] };
}

/** A claim of a project for storage. */
export interface Claim extends KubeObject {
  readonly spec?: { readonly volumeName?: string };
}

/** A volume, and what becomes of its data when its claim is deleted. */
export interface Volume extends KubeObject {
  readonly spec?: { readonly persistentVolumeReclaimPolicy?: 'Retain' | 'Delete' | 'Recycle' };
}

/** Kinds of Kubernetes that only this module works with. */
export const inProject = Object.freeze({
  quotas: defineResource<ProjectQuota>({
    version: 'v1',
    kind: 'ResourceQuota',
    plural: 'resourcequotas',
    namespaced: true,
  }),
  limitRanges: defineResource<LimitRange>({
    version: 'v1',
    kind: 'LimitRange',
    plural: 'limitranges',
    namespaced: true,
  }),
  claims: defineResource<Claim>({
    version: 'v1',
    kind: 'PersistentVolumeClaim',
    plural: 'persistentvolumeclaims',
    namespaced: true,
  }),
  volumes: defineResource<Volume>({ version: 'v1', kind: 'PersistentVolume', plural: 'persistentvolumes' }),
});
