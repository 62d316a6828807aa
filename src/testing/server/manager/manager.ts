import type { Authenticator } from '../authentication.ts';
import type { Ground } from '../call.ts';
import type { Pace } from '../pace.ts';
import { ClaimProtection } from './claim-protection.ts';
import { DefinitionCleanup } from './definition-cleanup.ts';
import { DefinitionNames } from './definition-names.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { NamespaceLifecycle } from './namespace-lifecycle.ts';
import { RoleAggregation } from './role-aggregation.ts';
import { ServiceAccounts } from './service-accounts.ts';

/** Starts the controllers that every cluster brings along (kube-controller-manager). They stop with `pace`. */
export function startManager(ground: Ground, pace: Pace, authenticator: Authenticator, authority: string): void {
  const { registry } = ground;
  new GarbageCollector(ground, pace);
  new NamespaceLifecycle(ground, pace, registry.builtin('', 'namespaces'));
  new DefinitionNames(ground, pace, registry.builtin('apiextensions.k8s.io', 'customresourcedefinitions'));
  new RoleAggregation(ground, pace, registry.builtin('rbac.authorization.k8s.io', 'clusterroles'));
  new ClaimProtection(ground, pace, registry.builtin('', 'persistentvolumeclaims'));
  new DefinitionCleanup(ground, pace, registry.builtin('apiextensions.k8s.io', 'customresourcedefinitions'));
  new ServiceAccounts(ground, pace, {
    authenticator,
    authority,
    secrets: registry.builtin('', 'secrets'),
    accounts: registry.builtin('', 'serviceaccounts'),
  });
}
