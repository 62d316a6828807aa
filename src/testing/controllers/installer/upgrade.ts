import type { ClusterConfiguration } from '../../../kubesphere/resources.ts';
import { isRecord, recordAt, text } from '../../server/object.ts';

type Spec = Readonly<Record<string, unknown>>;

/**
 * What ks-installer makes of settings of former releases (controller/installRunner.py): the spec that it creates anew
 * under the same name, after it deleted the object that is there. `undefined` where nothing is old.
 */
export function upgraded({ spec, status }: ClusterConfiguration, productVersion: string): Spec | undefined {
  const changes = [plainNetwork, storelessApps, notifications, oldLogging, noTerminal, oldMesh, bareKubeEdge];
  let next: Spec = spec;
  for (const change of changes) next = change(next);
  const core = recordAt(status, 'core');
  const other = Object.keys(core).length > 0 && text(core['version']) !== productVersion;
  return next !== spec || other ? next : undefined;
}

function without(spec: Spec, key: string): Record<string, unknown> {
  const { [key]: _dropped, ...rest } = spec;
  return rest;
}

const enabled = (spec: Spec, key: string): boolean => recordAt(spec, key)['enabled'] === true;

function plainNetwork(spec: Spec): Spec {
  if (!('networkpolicy' in spec)) return spec;
  const network = {
    networkpolicy: { enabled: enabled(spec, 'networkpolicy') },
    ippool: { type: 'none' },
    topology: { type: 'none' },
  };
  return { ...without(spec, 'networkpolicy'), network };
}

function storelessApps(spec: Spec): Spec {
  if (!isRecord(spec['openpitrix']) || 'store' in spec['openpitrix']) return spec;
  return { ...spec, openpitrix: { store: { enabled: enabled(spec, 'openpitrix') } } };
}

function notifications(spec: Spec): Spec {
  return 'notification' in spec ? without(spec, 'notification') : spec;
}

function oldLogging(spec: Spec): Spec {
  if (!('logsidecarReplicas' in recordAt(spec, 'logging'))) return spec;
  const on = enabled(spec, 'logging');
  return { ...spec, logging: { enabled: on, logsidecar: { enabled: on, replicas: 2 } } };
}

function noTerminal(spec: Spec): Spec {
  return 'terminal' in spec ? spec : { ...spec, terminal: { timeout: 600 } };
}

function oldMesh(spec: Spec): Spec {
  const mesh = spec['servicemesh'];
  if (!isRecord(mesh) || 'istio' in mesh) return spec;
  const components = {
    ingressGateways: [{ name: 'istio-ingressgateway', enabled: false }],
    cni: { enabled: false },
  };
  return { ...spec, servicemesh: { ...mesh, istio: { components } } };
}

function bareKubeEdge(spec: Spec): Spec {
  const kubeedge = spec['kubeedge'];
  if (!isRecord(kubeedge)) return spec;
  const iptables = { 'iptables-manager': { enabled: true, mode: 'external' } };
  const edgeruntime = { enabled: kubeedge['enabled'] === true, kubeedge: { ...kubeedge, ...iptables } };
  return { ...without(spec, 'kubeedge'), edgeruntime };
}
