import { parse, stringify } from 'yaml';
import { isRecord } from '../src/kube/json.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A kubeconfig of one cluster and one user, with other fields in place of those of its cluster or its user. */
export function altered(kubeconfig: string, changes: { readonly cluster?: Fields; readonly user?: Fields }): string {
  const config: unknown = parse(kubeconfig);
  if (!isRecord(config)) throw new Error('no kubeconfig');
  const entry = (list: 'clusters' | 'users', field: 'cluster' | 'user') => {
    const [first] = Array.isArray(config[list]) ? config[list] : [];
    return [{ ...first, [field]: changes[field] ?? first[field] }];
  };
  return stringify({ ...config, clusters: entry('clusters', 'cluster'), users: entry('users', 'user') });
}

/** What a kubeconfig of one cluster says of that. */
export function clusterIn(kubeconfig: string): Fields {
  return (parse(kubeconfig) as { readonly clusters: readonly [{ readonly cluster: Fields }] }).clusters[0].cluster;
}

/** What a kubeconfig of one user says of that. */
export function userIn(kubeconfig: string): Fields {
  return (parse(kubeconfig) as { readonly users: readonly [{ readonly user: Fields }] }).users[0].user;
}
