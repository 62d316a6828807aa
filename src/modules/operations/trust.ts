import { FederationError } from '../../errors.ts';
import { digest } from '../../internal/digest.ts';
import { unquoted } from '../../internal/unquoted.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { type Installation, installationOf, readInstallation } from '../../kubesphere/installation.ts';
import { installation, kubesphereNamespace } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { refOf, secretField } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { toWatch, within } from '../rights.ts';
import { edit, type Work, waitFor } from '../work.ts';

/** What makes a cluster trust the tokens of a host. */
export interface TrustSettings {
  /** Reads the jwtSecret afresh that it is to have: it goes from cluster to cluster and never into a journal. */
  readonly jwtSecret: (signal: AbortSignal) => Promise<string>;
  /** Reads what was parked of its former secret, for the way back. */
  readonly formerSecret: (signal: AbortSignal) => Promise<string | undefined>;
  /** The installer takes minutes. @defaultValue 1800000 */
  readonly timeoutMs?: number;
}

/** What {@link prepareMember} and {@link giveHostSecret} capture. */
export interface TrustBefore {
  readonly role: string | null;
  readonly jwtDigest: string | null;
}

const name = { namespace: kubesphereNamespace, name: installation.configuration };
const roleField = '/spec/multicluster/clusterRole';
const jwtField = secretField('/spec/authentication/jwtSecret');
const resource = kubesphere.clusterConfigurations;

/** Makes a cluster a member that trusts its host's tokens; {@link trust} tells how. */
export const prepareMember = (member: KubeSphereCluster, settings: TrustSettings): Operation<TrustBefore, void> =>
  trust(member, 'member', settings);

/** Gives a host another jwtSecret than it has; {@link trust} tells how. */
export const giveHostSecret = (host: KubeSphereCluster, settings: TrustSettings): Operation<TrustBefore, void> =>
  trust(host, 'host', settings);

/**
 * Role and jwtSecret in a ClusterConfiguration; waits until the installer has carried them into kubesphere-config (domain reference, 1.9
 * and 1.10).
 */
function trust(
  cluster: KubeSphereCluster,
  wantedRole: 'host' | 'member',
  { jwtSecret, formerSecret, timeoutMs = 1_800_000 }: TrustSettings,
): Operation<TrustBefore, void> {
  const isSo = (now: Installation, wanted: string): boolean =>
    now.role === wantedRole && now.jwtDigest === wanted && (wantedRole === 'host' || now.acceptsHostTokens);
  const set = (work: Work, role: string | null, secret: string | null): Promise<unknown> =>
    unquoted(
      `${cluster.name}: the jwtSecret`,
      secret ?? '',
      'about ClusterConfigurations',
      edit(work, { cluster, resource, name }, ({ spec }) =>
        (spec.multicluster?.clusterRole ?? null) === role && (spec.authentication?.jwtSecret ?? null) === secret
          ? undefined
          : {
              type: 'merge',
              body: { spec: { multicluster: { clusterRole: role }, authentication: { jwtSecret: secret } } },
            },
      ),
    );
  /** The installer's run with what was written here would end after the former settings were believed to be back. */
  const carriedOut = async (work: Pick<Work, 'signal'>, written: string): Promise<void> => {
    const { spec } = await cluster.connection.get(resource, name, { signal: work.signal });
    if (spec.authentication?.jwtSecret !== written) return;
    await settled(work, (now) => now.jwtDigest === digest(written), 'to end the run that is under way');
  };
  const settled = (work: Pick<Work, 'signal'>, is: (now: Installation) => boolean, what: string): Promise<true> =>
    waitForInstallation(work, cluster, is, what, timeoutMs);
  return {
    async forecast({ signal }) {
      const wanted = digest(await jwtSecret(signal));
      const now = await readInstallation(cluster.connection, { signal });
      if (isSo(now, wanted))
        return { effect: 'none', why: `it is a ${wantedRole} with this secret already`, out: undefined };
      const { spec } = await cluster.connection.get(resource, name, { signal });
      const before = spec.authentication?.jwtSecret;
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(cluster.name, resource, name),
            before: {
              [roleField]: spec.multicluster?.clusterRole ?? null,
              [jwtField]: before === undefined ? null : digest(before),
            },
            after: { [roleField]: wantedRole, [jwtField]: wanted },
          },
        ],
      };
    },
    async capture({ signal }) {
      const { spec } = await cluster.connection.get(resource, name, { signal });
      const { jwtDigest } = await readInstallation(cluster.connection, { signal });
      return { role: spec.multicluster?.clusterRole ?? null, jwtDigest: jwtDigest ?? null };
    },
    async run(work) {
      cluster.dialect;
      await set(work, wantedRole, await jwtSecret(work.signal));
    },
    needs: { verify: within(kubesphereNamespace, toWatch(cluster, core.configMaps)) },
    async verify(work) {
      const wanted = digest(await jwtSecret(work.signal));
      await settled(work, (now) => isSo(now, wanted), `to take over the role of a ${wantedRole} and the jwtSecret`);
    },
    async compensate(work, before) {
      // An empty spec once meant "generate one", and does not bring the generated one back: the one in force is written.
      // Nothing was parked where it was the host's own already: then it still is.
      const shared = await jwtSecret(work.signal);
      const secret = (await formerSecret(work.signal)) ?? (before.jwtDigest === digest(shared) ? shared : undefined);
      if (before.jwtDigest !== null && secret === undefined)
        throw new FederationError(
          'WORLD_MOVED',
          `${cluster.name}: its former jwtSecret was not parked. Set spec.authentication.jwtSecret of ClusterConfiguration ks-installer by hand.`,
        );
      await carriedOut(work, shared);
      await set(work, before.role, secret ?? null);
      if (secret !== undefined)
        await settled(work, (now) => now.jwtDigest === digest(secret), 'to take its former jwtSecret back');
    },
  };
}

async function waitForInstallation(
  { signal }: Pick<Work, 'signal'>,
  cluster: KubeSphereCluster,
  is: (now: Installation) => boolean,
  what: string,
  timeoutMs: number,
): Promise<true> {
  return waitFor(signal, {
    cluster,
    resource: core.configMaps,
    select: { namespace: kubesphereNamespace, fieldSelector: `metadata.name=${installation.config}` },
    test: (objects) => {
      const map = objects.get(`${kubesphereNamespace}/${installation.config}`);
      return map !== undefined && is(installationOf(map, cluster.name)) ? true : undefined;
    },
    what: `KubeSphere's installer ${what}`,
    timeoutMs,
  });
}
