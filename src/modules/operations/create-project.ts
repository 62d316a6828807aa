import { FederationError } from '../../errors.ts';
import type { ObjectMeta } from '../../kube/objects.ts';
import { core, type Namespace } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { creatorAnnotation, workspaceLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { findMade, labelField, refOf } from '../changes.ts';
import { some } from '../closure.ts';
import { builtInRoles, othersIn } from '../namespaces/others-in.ts';
import type { Operation } from '../operation.ts';
import { toListAll, toWatch, within } from '../rights.ts';
import { create, remove, type Work, waitFor, waitGone } from '../work.ts';
import { assertAlive, labelledAlready, owned, unownable, workspaceOf } from './project.ts';

/** A project as it is to be made. */
export interface ProjectToMake {
  readonly name: string;
  readonly workspace: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The project that is there. */
export interface ProjectMade {
  readonly cluster: string;
  readonly name: string;
  readonly uid: string;
  readonly workspace: string;
}

const rolesLimitMs = 120_000;
const goneLimitMs = 300_000;

/** Why a project of that name cannot be made there. */
async function taken(
  { signal }: Pick<Work, 'signal'>,
  at: KubeSphereCluster,
  host: KubeSphereCluster,
  { name }: ProjectToMake,
): Promise<{ readonly why: string; readonly remedy: string } | undefined> {
  const federated = await host.connection.find(kubesphere.federatedNamespaces, { namespace: name, name }, { signal });
  if (federated === undefined) return undefined;
  return {
    why: `${host.name} has a multi-cluster project "${name}": its kubefed takes over, or deletes, whatever is called so on ${at.name}.`,
    remedy: 'Choose another name, or extend the multi-cluster project.',
  };
}

/**
 * Makes a project: a namespace with the workspace's label from its first moment on, owned by the live Workspace, by UID, with its
 * built-in roles; the host must place that workspace there. Its way back deletes it again, by UID, while nobody has put anything into it.
 */
export function createProject(
  at: KubeSphereCluster,
  host: KubeSphereCluster,
  project: ProjectToMake,
): Operation<ProjectMade | null, ProjectMade> {
  const { name, workspace, annotations } = project;
  const find = (signal: AbortSignal): Promise<Namespace | undefined> =>
    at.connection.find(core.namespaces, { name }, { signal });
  const made = ({ uid }: ObjectMeta): ProjectMade => ({ cluster: at.name, name, uid, workspace });
  const roles = { namespace: name };
  const hasRoles = (there: { readonly has: (role: string) => boolean }): boolean =>
    builtInRoles.every((role) => there.has(`${name}/${role}`));
  const isThere = ({ metadata: { labels, deletionTimestamp } }: Namespace): boolean =>
    labels?.[workspaceLabel] === workspace && deletionTimestamp === undefined;
  const differing = ({ metadata }: Namespace): readonly string[] =>
    Object.keys(annotations).filter((key) => metadata.annotations?.[key] !== annotations[key]);
  return {
    async forecast(work) {
      const found = await find(work.signal);
      const inWorkspace = found === undefined ? undefined : workspaceOf(found);
      const going = found?.metadata.deletionTimestamp !== undefined;
      const others = found === undefined ? [] : differing(found);
      if (found !== undefined && isThere(found) && others.length > 0)
        return {
          effect: 'blocked',
          why: `${at.name} has a project "${name}" in workspace "${workspace}" already, with other annotations than asked for: ${some(others)}.`,
          remedy: 'If it is the same, say what it has, or leave that out; if not, choose another name.',
        };
      if (found !== undefined && isThere(found))
        return labelledAlready(work, at, found, workspace, host, made(found.metadata), async () => {
          const there = await at.connection.listMetadata(core.roles, { ...roles, signal: work.signal }).toArray();
          return hasRoles(new Set(there.map(({ metadata }) => `${name}/${metadata.name}`)));
        });
      if (found !== undefined)
        return {
          effect: 'blocked',
          why: `${at.name} has a namespace "${name}" already, ${going ? 'which is being deleted' : inWorkspace === undefined ? 'which is in no workspace' : `in workspace "${inWorkspace}"`}.`,
          remedy: 'Choose another name, or namespaces.bind or transfer that one.',
        };
      const reason = await taken(work, at, host, project);
      if (reason !== undefined) return { effect: 'blocked', ...reason };
      const blocked = await unownable(work, at, { metadata: { name } } as Namespace, workspace, host);
      if (blocked !== undefined) return blocked;
      return {
        effect: 'change',
        changes: [
          {
            verb: 'create',
            resource: refOf(at.name, core.namespaces, { name }),
            before: null,
            after: { [labelField(workspaceLabel)]: workspace },
          },
        ],
      };
    },
    async capture({ signal }) {
      const found = await find(signal);
      return found !== undefined && isThere(found) && differing(found).length === 0 ? made(found.metadata) : null;
    },
    async run(work, there) {
      at.dialect;
      await assertAlive(work, at, workspace, host);
      if (there !== null) return there;
      const { metadata } = await create(work, at, core.namespaces, {
        metadata: { name, labels: { [workspaceLabel]: workspace }, annotations },
      });
      return made(metadata);
    },
    async verify(work, _before, out) {
      await owned(work, at, out, workspace);
      await waitFor(work.signal, {
        cluster: at,
        resource: core.roles,
        select: roles,
        test: (there) => hasRoles(there) || undefined,
        what: `project "${name}" to have its roles ${builtInRoles.join(', ')}`,
        timeoutMs: rolesLimitMs,
      });
    },
    needs: {
      verify: [...toWatch(at, core.namespaces), ...within(name, toWatch(at, core.roles))],
      compensate: toListAll(at, name),
    },
    async compensate(work) {
      const found = await findMade(work, { cluster: at, resource: core.namespaces, name: { name } });
      if (found === undefined) return;
      const { uid } = found.metadata;
      const theirs = await othersIn(at, name, annotations[creatorAnnotation], work.signal);
      if (theirs.length > 0)
        throw new FederationError(
          'KEPT_AT_RISK',
          `${at.name}: project "${name}" is in use by now (${some(theirs)}); it was not deleted. Delete it yourself if that can go: namespaces.delete.`,
        );
      await remove(work, {
        cluster: at,
        resource: core.namespaces,
        name: { name },
        uid,
        propagationPolicy: 'Background',
      });
      await waitGone(work, { cluster: at, resource: core.namespaces, name: { name }, uid }, goneLimitMs);
    },
  };
}
