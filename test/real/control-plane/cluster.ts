import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificates } from './certificates.ts';
import { type Access, callUntilDone } from './client.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { type Program, startProgram } from './program.ts';

/** One real control plane, and two ways to be its administrator. */
export interface RealCluster {
  readonly name: string;
  /** The URL of its API server, on 127.0.0.1. */
  readonly server: string;
  /** Admin kubeconfig with a client certificate of the group system:masters. */
  readonly kubeconfig: string;
  /** Admin kubeconfig with a bearer token instead. */
  readonly tokenKubeconfig: string;
}

/** Puts something into a cluster before its controllers are started. */
export type Prepare = (cluster: RealCluster, signal: AbortSignal) => Promise<void>;

/** What a cluster is started with. */
export interface ClusterSetup {
  readonly name: string;
  /** The directory of the programs. */
  readonly assets: string;
  /** An existing directory to keep everything in. */
  readonly directory: string;
  readonly etcd: string;
  readonly port: number;
  readonly signal: AbortSignal;
  /** Called when the API server works and its controllers are not yet started. */
  readonly prepare?: Prepare | undefined;
  /** Is told of each program at once when it was started, for whoever has to stop it. */
  readonly started: (program: Program) => void;
}

const controllers = [
  'namespace-controller',
  'garbage-collector-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'clusterrole-aggregation-controller',
  // Without it a claim never loses the finalizer that the API server gave it, and no namespace with one ever goes.
  'persistentvolumeclaim-protection-controller',
];

/** Starts the API server and the controllers of one cluster and waits until both work. */
export async function startCluster(setup: ClusterSetup): Promise<RealCluster> {
  const { name, assets, directory, port, signal, started } = setup;
  const server = `https://127.0.0.1:${port}`;
  const certificates = await makeCertificates(name);
  const { ca, serving, admin, serviceAccount } = certificates;
  const token = makeToken();
  const managerToken = makeToken();
  const manager = 'system:kube-controller-manager';
  const cluster = { name, server, ca };

  const own = join(directory, name);
  await mkdir(own, { mode: 0o700 });
  const file = (base: string): string => join(own, base);
  const files: Readonly<Record<string, string>> = {
    'ca.crt': ca,
    'serving.crt': serving.certificate,
    'serving.key': serving.key,
    'service-account.pub': serviceAccount.publicKey,
    'service-account.key': serviceAccount.privateKey,
    'tokens.csv': `${token},admin,admin,"system:masters"\n${managerToken},${manager},${manager}\n`,
    'manager.kubeconfig': writeKubeconfig(cluster, manager, { token: managerToken }),
  };
  await Promise.all(Object.entries(files).map(([base, text]) => writeFile(file(base), text, { mode: 0o600 })));

  const start = (program: string, args: readonly string[]): void =>
    started(startProgram(`${program} of ${name}`, join(assets, program), args, file(`${program}.log`)));

  start('kube-apiserver', [
    `--etcd-servers=${setup.etcd}`,
    `--etcd-prefix=/${name}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--endpoint-reconciler-type=none', // there is no address that a pod could reach it at
    `--cert-dir=${own}`,
    `--tls-cert-file=${file('serving.crt')}`,
    `--tls-private-key-file=${file('serving.key')}`,
    `--client-ca-file=${file('ca.crt')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${file('service-account.pub')}`,
    `--service-account-signing-key-file=${file('service-account.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--disable-admission-plugins=ServiceAccount',
  ]);
  const access: Access = { server, ca, token };
  await callUntilDone(access, { method: 'GET', path: '/readyz' }, signal);
  const ready: RealCluster = {
    name,
    server,
    kubeconfig: writeKubeconfig(cluster, 'admin', admin),
    tokenKubeconfig: writeKubeconfig(cluster, 'admin', { token }),
  };
  await setup.prepare?.(ready, signal);

  // Only now: it gives up when it finds no healthy API server within ten seconds.
  start('kube-controller-manager', [
    `--kubeconfig=${file('manager.kubeconfig')}`,
    `--controllers=${controllers.join(',')}`,
    // Each controller under its own name, as clusters have it, so that policies and audits see who it was.
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${file('service-account.key')}`,
    `--root-ca-file=${file('ca.crt')}`,
    '--leader-elect=false',
    '--secure-port=0',
    // The defaults spare a shared server; here they would only make tests wait.
    '--kube-api-qps=2000',
    '--kube-api-burst=4000',
    '--concurrent-gc-syncs=40',
    '--concurrent-namespace-syncs=200', // they mostly wait; the default of 10 takes twice as long
  ]);
  await markAsSandbox(access, signal);
  await callUntilDone(access, { method: 'GET', path: '/api/v1/namespaces/default/serviceaccounts/default' }, signal);
  return ready;
}

/** Writes the label without which nobody may shorten the waiting times of a migration. */
async function markAsSandbox(access: Access, signal: AbortSignal): Promise<void> {
  const body = { metadata: { labels: { 'kubesphere-federation/sandbox': 'true' } } };
  await callUntilDone(access, { method: 'PATCH', path: '/api/v1/namespaces/kube-system', body }, signal);
}

function makeToken(): string {
  return randomBytes(24).toString('hex');
}
