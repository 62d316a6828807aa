import { FederationError } from '../../errors.ts';
import { digest } from '../../internal/digest.ts';
import { core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { type Installation, installationOf, readInstallation } from '../../kubesphere/installation.ts';
import { installation, kubesphereNamespace } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { refOf, secretField } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { edit, type Work, waitFor } from '../work.ts';

/** What makes a cluster ready to be this host's member. */
export interface MemberSettings {
  /** Reads the host's jwtSecret afresh: it goes from cluster to cluster and never into a journal. */
  readonly jwtSecret: (signal: AbortSignal) => Promise<string>;
  /** Reads what was parked of the member's former secret, for the way back. */
  readonly formerSecret: (signal: AbortSignal) => Promise<string | undefined>;
  /** The installer takes minutes. @defaultValue 1800000 */
  readonly timeoutMs?: number;
}

/** What {@link prepareMember} captures. */
export interface MemberBefore {
  readonly role: string | null;
  readonly jwtDigest: string | null;
}

const name = { namespace: kubesphereNamespace, name: installation.configuration };
const roleField = '/spec/multicluster/clusterRole';
const jwtField = secretField('/spec/authentication/jwtSecret');
const resource = kubesphere.clusterConfigurations;

/**
 * Makes a cluster a member that trusts its host's tokens: role and jwtSecret in its ClusterConfiguration, then waits until
 * the installer has carried them into kubesphere-config (domain reference, 1.9 and 1.10).
 */
export function prepareMember(
  member: KubeSphereCluster,
  { jwtSecret, formerSecret, timeoutMs = 1_800_000 }: MemberSettings,
): Operation<MemberBefore, void> {
  const set = (work: Work, role: string | null, secret: string | null): Promise<unknown> =>
    edit(work, { cluster: member, resource, name }, ({ spec }) =>
      (spec.multicluster?.clusterRole ?? null) === role && (spec.authentication?.jwtSecret ?? null) === secret
        ? undefined
        : {
            type: 'merge',
            body: { spec: { multicluster: { clusterRole: role }, authentication: { jwtSecret: secret } } },
          },
    );
  const settled = (work: Pick<Work, 'signal'>, is: (now: Installation) => boolean, what: string): Promise<true> =>
    waitForInstallation(work, member, is, what, timeoutMs);
  return {
    async forecast({ signal }) {
      const wanted = digest(await jwtSecret(signal));
      const now = await readInstallation(member.connection, { signal });
      if (now.role === 'member' && now.jwtDigest === wanted && now.acceptsHostTokens)
        return { effect: 'none', why: 'it is a member with this secret already', out: undefined };
      const { spec } = await member.connection.get(resource, name, { signal });
      const before = spec.authentication?.jwtSecret;
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(member.name, resource, name),
            before: {
              [roleField]: spec.multicluster?.clusterRole ?? null,
              [jwtField]: before === undefined ? null : digest(before),
            },
            after: { [roleField]: 'member', [jwtField]: wanted },
          },
        ],
      };
    },
    async capture({ signal }) {
      const { spec } = await member.connection.get(resource, name, { signal });
      const { jwtDigest } = await readInstallation(member.connection, { signal });
      return { role: spec.multicluster?.clusterRole ?? null, jwtDigest: jwtDigest ?? null };
    },
    async run(work) {
      member.dialect;
      await set(work, 'member', await jwtSecret(work.signal));
    },
    async verify(work) {
      const wanted = digest(await jwtSecret(work.signal));
      await settled(
        work,
        (now) => now.role === 'member' && now.jwtDigest === wanted && now.acceptsHostTokens,
        "to take over the member role and the host's jwtSecret",
      );
    },
    async compensate(work, before) {
      // An empty spec once meant "generate one", and does not bring the generated one back: the one in force is written.
      // Nothing was parked where it was the host's own already: then it still is.
      const shared = await jwtSecret(work.signal);
      const secret = (await formerSecret(work.signal)) ?? (before.jwtDigest === digest(shared) ? shared : undefined);
      if (before.jwtDigest !== null && secret === undefined)
        throw new FederationError(
          'WORLD_MOVED',
          `${member.name}: its former jwtSecret was not parked. Set spec.authentication.jwtSecret of ClusterConfiguration ks-installer by hand.`,
        );
      await set(work, before.role, secret ?? null);
      if (secret !== undefined)
        await settled(work, (now) => now.jwtDigest === digest(secret), 'to take its former jwtSecret back');
    },
  };
}

async function waitForInstallation(
  { signal }: Pick<Work, 'signal'>,
  member: KubeSphereCluster,
  is: (now: Installation) => boolean,
  what: string,
  timeoutMs: number,
): Promise<true> {
  return waitFor(signal, {
    cluster: member,
    resource: core.configMaps,
    select: { namespace: kubesphereNamespace, fieldSelector: `metadata.name=${installation.config}` },
    test: (objects) => {
      const map = objects.get(`${kubesphereNamespace}/${installation.config}`);
      return map !== undefined && is(installationOf(map, member.name)) ? true : undefined;
    },
    what: `KubeSphere's installer ${what}`,
    timeoutMs,
  });
}
