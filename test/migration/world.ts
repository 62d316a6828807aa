import { canonical, digest } from '../../src/internal/digest.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { epochAnnotation, runAnnotation } from '../../src/kubesphere/names.ts';
import { chance } from '../../src/testing/chance.ts';
import { snapshotOf, until } from '../../src/testing/index.ts';
import type { Scene } from './kit.ts';

/** One object as it has to be again after a rollback. */
interface Thing {
  readonly uid: string;
  readonly going: boolean;
  readonly labels: object;
  readonly annotations: object;
  readonly finalizers: readonly string[];
  /** `Kind/name`, with `(dead)` where the UID is that of no live object. */
  readonly owners: readonly string[];
  /** Of everything but metadata and status. */
  readonly body: string;
}

/** Everything that lives on the three clusters, by `cluster apiVersion Kind namespace/name`. */
export type World = Readonly<Record<string, Thing>>;

/** Ours, on what was made again: they say by whom. */
const ours: ReadonlySet<string> = new Set([runAnnotation]);
/** The time of the last sync of a password. */
const clocks: ReadonlySet<string> = new Set(['iam.kubesphere.io/last-password-change-time']);

/** What a new join or installer run makes afresh. */
const madeAfresh = (key: string): boolean =>
  /^(a|b) v1 Secret kube-federation-system\/|^m v1 Secret (kube-federation-system\/|kubesphere-system\/kubesphere-secret)/.test(
    key,
  ) ||
  /-token-\w+$/.test(key) ||
  // Controllers that begin anew listen elsewhere.
  /^\w+ admissionregistration\.k8s\.io\/v1 ValidatingWebhookConfiguration (users\.iam|cluster)\.kubesphere\.io$/.test(
    key,
  );

/** Looks at everything on A, B and M. */
export async function observeWorld({ clusters }: Scene): Promise<World> {
  const { a, b, m } = clusters;
  const snapshot = await snapshotOf({ a: a.connection, b: b.connection, m: m.connection });
  const live = new Set(Object.values(snapshot).map(({ metadata }) => metadata.uid));
  const lasting = Object.entries(snapshot).filter(([key]) => !madeAfresh(key));
  return Object.fromEntries(lasting.map(([key, object]) => [key, thing(object, live)]));
}

function thing({ apiVersion: _version, kind: _kind, metadata, ...rest }: KubeObject, live: ReadonlySet<string>): Thing {
  // `secrets` of a ServiceAccount names its token, which is made afresh with it.
  const { status: _status, secrets: _tokens, ...body } = rest as Record<string, unknown>;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => !ours.has(key) && !clocks.has(key));
  return {
    uid: metadata.uid,
    going: metadata.deletionTimestamp !== undefined,
    labels: metadata.labels ?? {},
    annotations: Object.fromEntries(annotations),
    finalizers: [...(metadata.finalizers ?? [])].sort(),
    owners: (metadata.ownerReferences ?? [])
      .map(({ kind, name, uid }) => `${kind}/${name}${live.has(uid) ? '' : ' (dead)'}`)
      .sort(),
    body: digest(body),
  };
}

/**
 * What is not as it was, in words; nothing where the world is the same.
 *
 * @param renewed objects that had to be made again: a new UID is no difference
 */
export function worldDifference(before: World, after: World, renewed: RegExp = /^$/): string[] {
  const lines: string[] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const was = before[key];
    const is = after[key];
    if (was === undefined || is === undefined) {
      lines.push(`${key} ${was === undefined ? 'was not there' : 'is gone'}`);
      continue;
    }
    for (const field of ['uid', 'going', 'labels', 'annotations', 'finalizers', 'owners', 'body'] as const) {
      if (field === 'uid' && renewed.test(key)) continue;
      const [then, now] = [canonical(was[field]), canonical(is[field])];
      if (then !== now) lines.push(`${key}: ${field} was ${then}, is ${now}`);
    }
  }
  return lines.sort();
}

/** What a rollback makes again under a new UID: nothing else may change its own. */
export const madeAgain = new RegExp(
  [
    '^a cluster\\.kubesphere\\.io/v1alpha1 Cluster m$',
    '^a core\\.kubefed\\.io/v1beta1 KubeFedCluster kube-federation-system/m$',
    '^m v1 ServiceAccount kube-federation-system/m-kubesphere$',
    '^m rbac\\.authorization\\.k8s\\.io/v1 ClusterRole(Binding)? kubefed-controller-manager:m-kubesphere$',
  ].join('|'),
);

/** The same, and the workspace that was cleared to be rebound. */
export const madeAgainToRebind = new RegExp(
  `${madeAgain.source}|^m tenant\\.kubesphere\\.io/\\w+ (Workspace|WorkspaceTemplate) team-b$|^m iam\\.kubesphere\\.io/v1alpha2 WorkspaceRole(Binding)? team-b-`,
);

/** Waits until the world is as it was; the difference that stays is the error. */
export async function untilWorldIs(scene: Scene, before: World, renewed: RegExp, timeoutMs = 15_000): Promise<void> {
  let left: string[] = [];
  await until(
    'the world is as it was',
    async () => {
      left = worldDifference(before, await observeWorld(scene), renewed);
      return left.length === 0;
    },
    { timeoutMs, everyMs: 300 },
  ).catch((error: unknown) => {
    throw new Error(`Not as before:\n${left.join('\n')}`, { cause: error });
  });
}

/** Objects that still bear the mark of a driver that took over. */
export function touched(world: World): string[] {
  return Object.entries(world).flatMap(([key, { annotations }]) => (epochAnnotation in annotations ? [key] : []));
}

/**
 * Some of many: drawn from the seed in KSF_SEED, which is printed; all of them with KSF_EXHAUSTIVE=1. The order is kept.
 */
export function sample<T>(all: readonly T[], size: number): readonly T[] {
  if (process.env['KSF_EXHAUSTIVE'] === '1' || all.length <= size) return all;
  const seed = Number(process.env['KSF_SEED'] ?? Date.now() % 100_000);
  console.log(`${size} of ${all.length} cases, KSF_SEED=${seed}`);
  const random = chance(seed);
  const ranked = all.map((item) => ({ item, rank: random() }));
  const drawn = new Set(ranked.toSorted((one, other) => one.rank - other.rank).slice(0, size));
  return ranked.filter((one) => drawn.has(one)).map(({ item }) => item);
}
