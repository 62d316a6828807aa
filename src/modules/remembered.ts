import type { KubeObject } from '../kube/objects.ts';

/** What of an object's metadata is needed to make it again: what the server adds is left out, and with it the UID. */
export interface RememberedMeta {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Where kubectl apply keeps the whole object: of a Cluster or a Secret that is all it holds in secret. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Labels and annotations for the journal, without the copy that kubectl apply leaves in them. */
export function rememberMeta({ metadata: { labels = {}, annotations = {} } }: KubeObject): RememberedMeta {
  const { [lastApplied]: _copy, ...rest } = annotations;
  return { labels, annotations: rest };
}
