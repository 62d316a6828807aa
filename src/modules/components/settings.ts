/** Releases of KubeSphere 3.x whose installers differ. */
export type InstallerVersion = '3.3' | '3.4';

/** What a setting takes. `quantity`: as `4Gi`. */
export type SettingKind = 'boolean' | 'count' | 'number' | 'quantity' | 'text' | 'texts' | 'gateways' | 'gpu-kinds';

/** One setting of a component, below its section of the spec of ClusterConfiguration ks-installer. */
export interface Setting<Value = unknown> {
  readonly kind: SettingKind;
  /** By release, as its cluster-configuration.yaml has it or names it. Absent: that release has no such setting; `null`: nothing is set. */
  readonly defaults: Readonly<Partial<Record<InstallerVersion, Value | null>>>;
}

/** An ingress gateway of Istio. */
export interface IngressGateway {
  readonly name: string;
  readonly enabled: boolean;
}

/** A kind of GPU that people may ask for. */
export interface GpuKind {
  /** As `nvidia.com/gpu`. */
  readonly resourceName: string;
  readonly resourceType: string;
  readonly default: boolean;
}

/** Of a component that has no settings. */
export interface NoSettings {
  readonly [setting: string]: never;
}

/** A store of logs, events and audits: what both kinds of it have. */
export interface StoreSettings {
  /** Days. */
  readonly logMaxAge: number;
  readonly 'basicAuth.enabled': boolean;
  readonly 'master.replicas': number;
  readonly 'master.volumeSize': string;
  readonly 'data.replicas': number;
  readonly 'data.volumeSize': string;
}

/** The settings of each component, by the path of their keys below its section of the spec. */
export interface ComponentSettings {
  readonly alerting: { readonly 'thanosruler.replicas': number };
  readonly 'app-store': NoSettings;
  readonly auditing: NoSettings;
  readonly authentication: {
    /** Aligned and rotated by `federation.clusters`. */
    readonly jwtSecret: string;
    readonly adminPassword: string;
  };
  readonly core: {
    readonly 'persistence.storageClass': string;
    readonly local_registry: string;
    readonly 'etcd.monitoring': boolean;
    readonly 'etcd.endpointIps': string;
    readonly 'etcd.port': number;
    readonly 'etcd.tlsEnable': boolean;
    readonly 'common.core.console.enableMultiLogin': boolean;
    readonly 'common.core.console.port': number;
    readonly 'common.core.console.type': string;
  };
  readonly devops: {
    readonly jenkinsMemoryLim: string;
    readonly jenkinsMemoryReq: string;
    readonly jenkinsVolumeSize: string;
    /** From 3.4 on. */
    readonly jenkinsCpuReq: number;
    /** From 3.4 on. */
    readonly jenkinsCpuLim: number;
  };
  readonly es: StoreSettings & {
    /** From 3.4 on; before, there is no other store. */
    readonly enabled: boolean;
    readonly elkPrefix: string;
    readonly externalElasticsearchHost: string;
    readonly externalElasticsearchPort: string;
  };
  readonly events: { readonly 'ruler.enabled': boolean; readonly 'ruler.replicas': number };
  readonly 'fluent-bit': NoSettings;
  readonly gatekeeper: NoSettings;
  readonly gpu: {
    readonly 'gpu.kinds': readonly GpuKind[];
    readonly 'monitoring.GPUMonitoring.enabled': boolean;
  };
  readonly 'ip-pools': NoSettings;
  readonly kubeedge: {
    /** Addresses that edge nodes reach: CloudCore does not work without one. */
    readonly 'cloudCore.cloudHub.advertiseAddress': readonly string[];
  };
  readonly logging: { readonly 'logsidecar.enabled': boolean; readonly 'logsidecar.replicas': number };
  readonly 'metrics-server': NoSettings;
  readonly minio: { readonly volumeSize: string };
  readonly monitoring: {
    readonly storageClass: string;
    readonly 'node_exporter.port': number;
    readonly 'prometheus.replicas': number;
    readonly 'prometheus.volumeSize': string;
    readonly 'gpu.nvidia_dcgm_exporter.enabled': boolean;
  };
  readonly 'multi-cluster': {
    /** `none`, `host` or `member`. */
    readonly clusterRole: string;
    readonly hostClusterName: string;
    readonly proxyPublishAddress: string;
    /** As `120s`. */
    readonly clusterControllerResyncPeriod: string;
  };
  readonly mysql: NoSettings;
  readonly 'network-policy': NoSettings;
  readonly openldap: { readonly volumeSize: string };
  readonly opensearch: StoreSettings & {
    readonly enabled: boolean;
    readonly opensearchPrefix: string;
    readonly externalOpensearchHost: string;
    readonly externalOpensearchPort: string;
    readonly 'dashboard.enabled': boolean;
  };
  readonly redis: { readonly enableHA: boolean; readonly volumeSize: string };
  readonly 'service-mesh': {
    readonly 'istio.components.ingressGateways': readonly IngressGateway[];
    readonly 'istio.components.cni.enabled': boolean;
  };
  readonly 'service-topology': NoSettings;
  readonly terminal: {
    /** Seconds; 0: for ever. */
    readonly timeout: number;
    readonly image: string;
  };
}

/** A setting with the same default in both releases. */
export const both = <Value>(kind: SettingKind, value: Value | null): Setting<Value> => ({
  kind,
  defaults: { '3.3': value, '3.4': value },
});

/** A setting that came with 3.4. */
export const since34 = <Value>(kind: SettingKind, value: Value | null): Setting<Value> => ({
  kind,
  defaults: { '3.4': value },
});
