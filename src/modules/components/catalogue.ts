import type { Configz } from '../../kubesphere/configz.ts';

/** The pluggable components of KubeSphere 3.x. */
export type ComponentName =
  | 'alerting'
  | 'app-store'
  | 'auditing'
  | 'devops'
  | 'events'
  | 'gatekeeper'
  | 'ip-pools'
  | 'kubeedge'
  | 'logging'
  | 'metrics-server'
  | 'network-policy'
  | 'service-mesh'
  | 'service-topology';

/** One component: how it is switched, how one sees that it is there, what becomes of it (domain reference, 1.9). */
export interface Component {
  readonly name: ComponentName;
  /** As the console calls it. */
  readonly title: string;
  /** Where `host`: switched on anywhere else it has no effect. */
  readonly where: 'each cluster' | 'host';
  /** Keys below `spec` of ClusterConfiguration ks-installer that switch it, each with its values for on and off. */
  readonly switches: readonly {
    readonly path: readonly string[];
    readonly on: string | boolean;
    readonly off: string | boolean;
  }[];
  /** Keys below `status` where the installer writes `{ status: 'enabled' }`; absent: nowhere, and then `configz` tells. */
  readonly statusPath?: readonly string[];
  /** The answer of `configz` that tells, where the status does not. */
  readonly configz?: keyof Configz;
  /** What stays on the cluster when it is switched off: the installer removes nothing. */
  readonly leaves: string;
}

const enabled = (...path: string[]) => [{ path: [...path, 'enabled'], on: true, off: false }] as const;

/** Every component by its name, from ks-installer v3.3.2 (deploy/cluster-configuration.yaml, playbooks) and the pages on uninstalling. */
export const catalogue: Readonly<Record<ComponentName, Component>> = Object.freeze({
  alerting: {
    name: 'alerting',
    title: 'Alerting',
    where: 'each cluster',
    switches: enabled('alerting'),
    statusPath: ['alerting'],
    leaves: 'ThanosRuler kubesphere and its rules in kubesphere-monitoring-system',
  },
  'app-store': {
    name: 'app-store',
    title: 'App Store (OpenPitrix)',
    where: 'host',
    switches: enabled('openpitrix', 'store'),
    configz: 'appStore',
    leaves: 'every app, repository and release of it, and the jobs that filled the store',
  },
  auditing: {
    name: 'auditing',
    title: 'Auditing',
    where: 'each cluster',
    switches: enabled('auditing'),
    statusPath: ['auditing'],
    leaves: 'helm releases kube-auditing and its webhook in kubesphere-logging-system, and what was recorded',
  },
  devops: {
    name: 'devops',
    title: 'DevOps',
    where: 'each cluster',
    switches: enabled('devops'),
    statusPath: ['devops'],
    leaves: 'helm release devops with Jenkins and its volume, namespace argocd, and all DevOps projects',
  },
  events: {
    name: 'events',
    title: 'Events',
    where: 'each cluster',
    switches: enabled('events'),
    statusPath: ['events'],
    leaves: 'helm release ks-events in kubesphere-logging-system, and what was recorded',
  },
  gatekeeper: {
    name: 'gatekeeper',
    title: 'Gatekeeper',
    where: 'each cluster',
    switches: enabled('gatekeeper'),
    statusPath: ['gatekeeper'],
    leaves: 'Gatekeeper with its webhook, and every constraint',
  },
  'ip-pools': {
    name: 'ip-pools',
    title: 'Pod IP Pools',
    where: 'each cluster',
    switches: [{ path: ['network', 'ippool', 'type'], on: 'calico', off: 'none' }],
    configz: 'ipPool',
    leaves: 'the pools, and the addresses that pods have from them',
  },
  kubeedge: {
    name: 'kubeedge',
    title: 'KubeEdge',
    where: 'each cluster',
    switches: [
      { path: ['edgeruntime', 'enabled'], on: true, off: false },
      { path: ['edgeruntime', 'kubeedge', 'enabled'], on: true, off: false },
    ],
    statusPath: ['edgeruntime'],
    leaves: 'helm releases of KubeEdge, namespace kubeedge, and the edge nodes',
  },
  logging: {
    name: 'logging',
    title: 'Logging',
    where: 'each cluster',
    switches: enabled('logging'),
    statusPath: ['logging'],
    leaves: 'the log collectors, their outputs, the search engine in kubesphere-logging-system, and all logs in it',
  },
  'metrics-server': {
    name: 'metrics-server',
    title: 'Metrics Server',
    where: 'each cluster',
    switches: enabled('metrics_server'),
    statusPath: ['metricsServer'],
    leaves: 'APIService v1beta1.metrics.k8s.io, and metrics-server in kube-system',
  },
  'network-policy': {
    name: 'network-policy',
    title: 'Network Policy',
    where: 'each cluster',
    switches: enabled('network', 'networkpolicy'),
    configz: 'networkPolicy',
    leaves: 'every NetworkPolicy that was made of it, which goes on isolating',
  },
  'service-mesh': {
    name: 'service-mesh',
    title: 'Service Mesh (Istio)',
    where: 'each cluster',
    switches: enabled('servicemesh'),
    statusPath: ['servicemesh'],
    leaves: 'Istio in istio-system with its webhooks and definitions, Jaeger and Kiali, and the sidecars in pods',
  },
  'service-topology': {
    name: 'service-topology',
    title: 'Service Topology (Weave Scope)',
    where: 'each cluster',
    switches: [{ path: ['network', 'topology', 'type'], on: 'weave-scope', off: 'none' }],
    statusPath: ['network', 'topology'],
    configz: 'topology',
    leaves: 'namespace weave with Weave Scope',
  },
} satisfies Record<ComponentName, Component>);

/** All names, in the order of the alphabet. */
export const componentNames = Object.freeze(Object.keys(catalogue) as ComponentName[]);
