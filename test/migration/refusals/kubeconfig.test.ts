import { describe, expect, test } from 'vitest';
import { connectMember } from '../../../src/federation.ts';
import { core } from '../../../src/kube/resources.ts';
import { kubefedNamespace } from '../../../src/kubesphere/names.ts';
import { startApiServer } from '../../../src/testing/index.ts';
import { altered } from '../../kubeconfigs.ts';
import { all, blocked, scene } from './kit.ts';

/** The member's kubeconfig with the token under which the old host comes. */
async function ofTheOldHost(): Promise<string> {
  const { m } = scene.clusters;
  const secrets = await m.connection.list(core.secrets, { namespace: kubefedNamespace }).toArray();
  const token = secrets.find(
    ({ metadata }) => metadata.annotations?.['kubernetes.io/service-account.name'] === 'm-kubesphere',
  )?.data?.['token'];
  expect(token).toBeDefined();
  return altered(m.tokenKubeconfig, { user: { token: Buffer.from(token ?? '', 'base64').toString() } });
}

describe('a plan is blocked where the run itself reaches the member', () => {
  test('as the ServiceAccount which it deletes', async () => {
    await using member = await connectMember({ kubeconfig: await ofTheOldHost(), name: 'm' });
    await blocked(
      'REVOKED',
      /This run itself would reach m with the token of ServiceAccount kube-federation-system\/m-kubesphere.*connectMember/s,
      all,
      { member },
    );
  });
});

describe('a plan is blocked where the kubeconfig under which the new host shall reach the member', () => {
  const way = (kubeconfig: string) => ({ connection: { kubeconfig } });

  test('leads through a host', async () => {
    const { a, m } = scene.clusters;
    await blocked('THROUGH_A_HOST', /leads through a host/, all, way(a.kubeconfig));
    const gateway = m.kubeconfig.replace(m.url, `${a.url}/clusters/m`);
    await blocked('THROUGH_A_HOST', /ends when the member leaves.*member's own address/s, all, way(gateway));
    const elsewhere = m.kubeconfig.replace(m.url, 'https://gateway.example/clusters/m');
    await blocked('THROUGH_A_HOST', /gateway\.example/, all, way(elsewhere));
  });

  test('has no client certificate, on 3.3', async () => {
    await blocked(
      'CLIENT_CERTIFICATE',
      /no client certificate.*client-certificate-data/s,
      all,
      way(scene.clusters.m.tokenKubeconfig),
    );
  });

  test('is that of the ServiceAccount which the run deletes', async () => {
    await blocked(
      'REVOKED',
      /ServiceAccount kube-federation-system\/m-kubesphere, which the run deletes/,
      all,
      way(await ofTheOldHost()),
    );
  });

  test('leads to another cluster', async () => {
    await using other = await startApiServer({ name: 'other' });
    await blocked('OTHER_CLUSTER', /leads to another cluster/, all, way(other.clientCertificateKubeconfig));
  });

  test('cannot be used at all', async () => {
    await blocked('NO_WAY', /Give env.connection/, all, way('no kubeconfig'));
  });
});
