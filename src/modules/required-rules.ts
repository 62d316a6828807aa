import type { PolicyRule } from '../kube/resources.ts';
import { checkOneOf, invalid } from '../kubesphere/validation.ts';
import { checkOptions, type FieldsOf } from './options.ts';
import { clusters } from './required/clusters.ts';
import { components } from './required/components.ts';
import { federation } from './required/federation.ts';
import { connect, type MethodName, type Rights, type RightsOfForm } from './required/names.ts';
import { namespaces } from './required/namespaces.ts';
import { users } from './required/users.ts';
import { workspaces } from './required/workspaces.ts';
import type { Form } from './shield-forms.ts';

const rights: Readonly<Record<MethodName, Rights>> = {
  ...clusters,
  ...components,
  ...federation,
  ...namespaces,
  ...users,
  ...workspaces,
};

const forms: readonly Form[] = ['policy', 'webhook'];

/** Rules of RBAC, for a ClusterRole on the host and one on each member. */
export interface RequiredRules {
  readonly host: readonly PolicyRule[];
  readonly members: readonly PolicyRule[];
}

/** Options of {@link requiredRules}. */
export interface RequiredRulesOptions {
  /**
   * What the clusters can make shields of: `policy` from Kubernetes 1.30 on (ValidatingAdmissionPolicy), `webhook` before
   * (ValidatingWebhookConfiguration). @defaultValue the rules for both: they do everywhere, and are more than any one cluster takes
   */
  readonly shield?: Form;
}

/**
 * The rights that these methods need, `Federation.connect` included: least privilege for a program that does nothing else. They were
 * recorded from the methods' own requests, with what undo needs.
 *
 * Every method that reaches a member needs `get clusters` on the host, and with it reads the kubeconfigs stored there. Without
 * `members: { NAME: { kubeconfig } }` in {@link Federation.connect} these are what members are reached with, whatever the rules say.
 *
 * Methods that raise a shield take other rights on Kubernetes before 1.30: the rules are for both kinds of clusters, unless `shield` says
 * which they are. The right to write webhook configurations is a great one: leave it out where nothing needs it.
 *
 * Methods that look for whatever an object owns list every kind of a cluster, Secrets included: `list *.*`.
 *
 * Through KubeSphere's gateway the roles of the KubeSphere user decide instead.
 *
 * @throws FederationError `INVALID` for a name that is no method's, and for another option or form of shield
 *
 * @example
 * ```ts
 * import { requiredRules } from 'kubesphere-federation';
 *
 * const { host, members } = requiredRules(['namespaces.bind', 'namespaces.unbind']);
 * console.log(JSON.stringify({ kind: 'ClusterRole', metadata: { name: 'binder' }, rules: members }), host.length);
 * ```
 */
export function requiredRules(methods: readonly MethodName[], options: RequiredRulesOptions = {}): RequiredRules {
  checkOptions(options, { shield: true } satisfies FieldsOf<RequiredRulesOptions>);
  const { shield } = options;
  if (shield !== undefined) checkOneOf('shield', shield, forms);
  for (const [index, method] of methods.entries())
    if (rights[method] === undefined)
      throw invalid(`methods[${index}]`, `is ${JSON.stringify(method)}, which is no method: say module.method.`);
  const asked = shield === undefined ? forms : [shield];
  const all = [connect, ...methods.map((method) => rights[method])].flatMap((one): readonly RightsOfForm[] => [
    one,
    ...asked.flatMap((form) => one[form] ?? []),
  ]);
  return {
    host: rulesOf(all.map(({ host }) => host)),
    members: rulesOf(all.map(({ members }) => members)),
  };
}

/** One rule for each kind, its verbs together. */
function rulesOf(needed: readonly string[]): readonly PolicyRule[] {
  const verbsOf = new Map<string, Set<string>>();
  for (const right of needed.flatMap((text) => text.split(', ')).filter((text) => text !== '')) {
    const [verb = '', resource = ''] = right.split(' ');
    verbsOf.set(resource, (verbsOf.get(resource) ?? new Set()).add(verb));
  }
  // Whoever may list whatever there is needs no right to list one kind.
  if (verbsOf.has('*.*')) for (const [resource, verbs] of verbsOf) if (resource !== '*.*') verbs.delete('list');
  const rest = [...verbsOf].filter(([, verbs]) => verbs.size > 0);
  return rest.sort().map(([resource, verbs]) => {
    const dot = resource.indexOf('.');
    const [plural, group] = dot < 0 ? [resource, ''] : [resource.slice(0, dot), resource.slice(dot + 1)];
    return { apiGroups: [group], resources: [plural], verbs: [...verbs].sort() };
  });
}
