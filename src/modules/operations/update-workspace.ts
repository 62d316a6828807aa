import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { kubesphere, type WorkspaceTemplate } from '../../kubesphere/resources.ts';
import { assertUser } from '../assert-user.ts';
import { refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { toWatch } from '../rights.ts';
import { edit, type Work, waitFor } from '../work.ts';
import { syncLimitMs } from './workspace-template.ts';

/** Fields of a template that people set; absent ones stay as they are, `null` clears one. */
export interface WorkspaceFields {
  readonly manager?: string;
  readonly networkIsolation?: boolean;
  /** By annotation. */
  readonly annotations: Readonly<Record<string, string | null>>;
}

type Known = Readonly<Record<string, string | boolean | null>>;
const resource = kubesphere.workspaceTemplates;
const managerField = '/spec/template/spec/manager';
const isolationField = '/spec/template/spec/networkIsolation';
const annotationField = (key: string): string =>
  `/metadata/annotations/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** Changes a workspace's manager, network isolation or annotations on its host, by one patch; its controller carries them on. */
export function updateWorkspace(
  host: KubeSphereCluster,
  name: string,
  { manager, networkIsolation, annotations }: WorkspaceFields,
): Operation<Known, void> {
  const wanted: Known = {
    ...(manager !== undefined && { [managerField]: manager }),
    ...(networkIsolation !== undefined && { [isolationField]: networkIsolation }),
    ...Object.fromEntries(Object.entries(annotations).map(([key, value]) => [annotationField(key), value])),
  };
  const now = ({ metadata, spec }: WorkspaceTemplate): Known => ({
    ...(manager !== undefined && { [managerField]: spec.template.spec?.manager ?? null }),
    ...(networkIsolation !== undefined && { [isolationField]: spec.template.spec?.networkIsolation ?? null }),
    ...Object.fromEntries(
      Object.keys(annotations).map((key) => [annotationField(key), metadata.annotations?.[key] ?? null]),
    ),
  });
  const same = (one: Known, other: Known): boolean => Object.keys(wanted).every((key) => one[key] === other[key]);
  const write = (work: Work, to: Known): Promise<unknown> =>
    edit(work, { cluster: host, resource, name: { name } }, (template) => {
      if (same(now(template), to)) return undefined;
      const spec = {
        ...(manager !== undefined && { manager: to[managerField] }),
        ...(networkIsolation !== undefined && { networkIsolation: to[isolationField] }),
      };
      const notes = Object.fromEntries(Object.keys(annotations).map((key) => [key, to[annotationField(key)]]));
      return {
        type: 'merge',
        body: {
          ...(Object.keys(notes).length > 0 && { metadata: { annotations: notes } }),
          ...(Object.keys(spec).length > 0 && { spec: { template: { spec } } }),
        },
      };
    });
  const read = (signal: AbortSignal) => host.connection.get(resource, { name }, { signal });
  return {
    async forecast({ signal }) {
      const template = await read(signal);
      const before = now(template);
      if (same(before, wanted)) return { effect: 'none', why: 'it is so already', out: undefined };
      if (manager !== undefined) await assertUser(host, manager, { signal });
      return {
        effect: 'change',
        changes: [{ verb: 'update', resource: refOf(host.name, resource, template.metadata), before, after: wanted }],
      };
    },
    capture: async ({ signal }) => now(await read(signal)),
    async run(work) {
      host.dialect;
      await write(work, wanted);
    },
    needs: {
      verify: toWatch(
        host,
        kubesphere.federatedWorkspaces,
        ...(manager === undefined ? [] : [kubesphere.workspaceRoleBindings]),
      ),
    },
    async verify({ signal }) {
      await waitFor(signal, {
        cluster: host,
        resource: kubesphere.federatedWorkspaces,
        select: { fieldSelector: `metadata.name=${name}` },
        test: (objects) => {
          const spec = (objects.get(name) as WorkspaceTemplate | undefined)?.spec.template.spec;
          const carried = manager === undefined || spec?.manager === manager;
          return (
            (carried && (networkIsolation === undefined || spec?.networkIsolation === networkIsolation)) || undefined
          );
        },
        what: `workspace "${name}" to be federated as changed`,
        timeoutMs: syncLimitMs,
      });
      if (manager === undefined) return;
      await waitFor(signal, {
        cluster: host,
        resource: kubesphere.workspaceRoleBindings,
        select: { fieldSelector: `metadata.name=${name}-admin` },
        test: (objects) => objects.get(`${name}-admin`)?.subjects?.some((one) => one.name === manager) || undefined,
        what: `${manager} to be bound as manager of workspace "${name}"`,
        timeoutMs: syncLimitMs,
      });
    },
    compensate: async (work, before) => void (await write(work, before)),
  };
}
