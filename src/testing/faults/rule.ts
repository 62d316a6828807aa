import type { Fault, InterceptedRequest } from '../server/intercept.ts';

/** Any of the given values; `*` stands for any text. */
export type OneOf = string | readonly string[];

/** Which requests a {@link RequestFault} is about: those that have everything that is named. */
export interface RequestMatch extends Partial<Readonly<Record<Exclude<keyof InterceptedRequest, never>, OneOf>>> {
  /** @defaultValue every cluster */
  readonly cluster?: OneOf;
}

/**
 * A fault of single requests, as plain data: "the third PATCH of namespaces on m1" is
 * `{ cluster: 'm1', verb: 'patch', resource: 'namespaces', nth: 3, fault: 'reset-after' }`.
 */
export interface RequestFault extends RequestMatch {
  readonly fault: Fault;
  /** Only from the so-maniest matching request on, counted from 1 since the rule was added. @defaultValue 1 */
  readonly nth?: number;
  /** Strikes so often at most. @defaultValue 1 with `nth`, else without end */
  readonly times?: number;
  /** How likely each of those requests is struck, drawn from the sandbox's seed. @defaultValue 1 */
  readonly probability?: number;
}

/**
 * A fault of a whole cluster, from when it is added until it is lifted.
 *
 * - `unreachable`: every connection breaks, new ones are refused.
 * - `certificate-expired`: the server shows a certificate that is over to whoever connects.
 * - `skewMs`: its time of day is off, in all it writes and checks.
 * - `controller`: a control loop does nothing (`down: true`), or begins each piece of work `slowMs` of real clusters later. By
 *   name: of KubeSphere's `namespace`, `workspace`, `workspacetemplate`, `user`, `cluster`, `installer`, `helmrelease`; of kubefed's
 *   `kubefedcluster`, `kubefed users` (any plural), `kubefed` for all; of Kubernetes' `garbage-collector`, `namespace-lifecycle`,
 *   `service-accounts`, `service-account-tokens`, `definitions`; a whole program with `ks-controller-manager` (KubeSphere's) or
 *   `kube-controller-manager`.
 */
export interface ClusterFault {
  readonly cluster: OneOf;
  readonly fault:
    | 'unreachable'
    | 'certificate-expired'
    | { readonly skewMs: number }
    | { readonly controller: OneOf; readonly down: true }
    | { readonly controller: OneOf; readonly slowMs: number };
}

/** One fault: of single requests, or of a cluster. Plain JSON, so that a list of them can be drawn, kept and played again. */
export type FaultRule = RequestFault | ClusterFault;

/** Whether `rule` is about a cluster. */
export function isClusterFault(rule: FaultRule): rule is ClusterFault {
  const { fault } = rule;
  return typeof fault === 'string'
    ? fault === 'unreachable' || fault === 'certificate-expired'
    : 'skewMs' in fault || 'controller' in fault;
}

/** Whether `value` is one of `wanted`. */
export function isOneOf(wanted: OneOf | undefined, value: string | undefined): boolean {
  if (wanted === undefined) return true;
  return [wanted].flat().some((one) => matches(one, value ?? ''));
}

function matches(pattern: string, value: string): boolean {
  if (!pattern.includes('*')) return pattern === value;
  const source = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${source.join('.*')}$`).test(value);
}
