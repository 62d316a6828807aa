import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { core } from '../../src/kube/resources.ts';
import { managedLabel } from '../../src/kubesphere/names.ts';
import { kubesphere } from '../../src/kubesphere/resources.ts';
import { createUser, joinCluster, until } from '../../src/testing/index.ts';
import type { Federation, Ground } from '../grounds.ts';
import { altered, clusterIn } from '../kubeconfigs.ts';
import { background, conditionOf, patient, propagation, slow, untilGone } from './support.ts';

const role = { apiGroup: 'iam.kubesphere.io', kind: 'GlobalRole', name: 'platform-regular' };

/** What a call was refused with. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (FederationError.is(error)) return error.message;
    throw error;
  }
  return 'it was not refused';
}

/** A host and a member, both KubeSphere 3.4, whose controllers serve webhooks. */
export function describeWebhooks(ground: Ground): void {
  describe(`the webhooks of KubeSphere, on ${ground.name}`, slow, () => {
    let federation: Federation<'a' | 'm'>;
    const a = () => federation.clusters.a.connection;
    const m = () => federation.clusters.m.connection;
    const cluster = () => a().get(kubesphere.clusters, { name: 'm' });
    const rename = (email: string) =>
      m().patch(kubesphere.users, { name: 'second' }, { type: 'merge', body: { spec: { email } } });
    const describeIt = (provider: string) =>
      a().patch(kubesphere.clusters, { name: 'm' }, { type: 'merge', body: { spec: { provider } } });

    beforeAll(async () => {
      federation = await ground.start({ a: { role: 'host', version: '3.4' }, m: { role: 'member', version: '3.4' } });
      await joinCluster(a(), { name: 'm', kubeconfig: federation.clusters.m.kubeconfig });
    }, slow.timeout);
    afterAll(() => federation?.[Symbol.asyncDispose](), slow.timeout);

    it('refuse a user whose e-mail another one has, or that is none, in the words of the product', async () => {
      await createUser(m(), { name: 'first', email: 'same@example.com' });
      await createUser(m(), { name: 'second', email: 'other@example.com' });
      await until(
        'the controllers know the first',
        async () => (await refusal(rename('same@example.com'))) !== 'it was not refused',
        patient,
      );
      expect(await refusal(rename('same@example.com'))).toContain(
        'admission webhook "users.iam.kubesphere.io" denied the request: user email: same@example.com already exists',
      );
      expect(await refusal(rename('no address'))).toContain('invalid email address:no address');
      expect(await refusal(rename('third@example.com'))).toBe('it was not refused');
    });

    it("hold up a host's user of that e-mail until the stale one of the member is gone", async () => {
      await createUser(m(), { name: 'stale', email: 'person@example.com' });
      await createUser(a(), { name: 'person', email: 'person@example.com' });
      await until(
        'kubefed says so',
        async () => (await propagation(a(), kubesphere.federatedUsers, { name: 'person' }, 'm')) === 'CreationFailed',
        patient,
      );
      expect(await m().find(kubesphere.users, { name: 'person' })).toBeUndefined();
      await m().delete(kubesphere.users, { name: 'stale' }, background);
      await until(
        'the user arrives',
        async () => (await m().find(kubesphere.users, { name: 'person' }))?.metadata.labels?.[managedLabel] === 'true',
        patient,
      );
    });

    it('refuse every write of a user while their server is down; the host still says that the member is ready', async () => {
      await federation.clusters.m.stopControllers();
      // A connection that was kept open breaks first, in whatever words.
      const refused = await until(
        'no connection is left',
        async () => {
          const said = await refusal(rename('fourth@example.com'));
          expect(said).toContain(
            'failed calling webhook "users.iam.kubesphere.io": failed to call webhook: Post "https://127.0.0.1:',
          );
          return said.includes('connection refused') ? said : undefined;
        },
        patient,
      );
      expect(refused).toMatch(
        /validate-email-iam-kubesphere-io-v1alpha2\?timeout=30s": dial tcp 127\.0\.0\.1:\d+: connect: connection refused/,
      );
      await createUser(a(), { name: 'waiting', email: 'waiting@example.com' });
      await until(
        'the host tried',
        async () => (await propagation(a(), kubesphere.federatedUsers, { name: 'waiting' }, 'm')) === 'CreationFailed',
        patient,
      );
      expect(conditionOf(await cluster(), 'Ready')?.status).toBe('True');
      // Other kinds have no webhook.
      await m().create(kubesphere.globalRoleBindings, { metadata: { name: 'unasked' }, roleRef: role, subjects: [] });
      await federation.clusters.m.startControllers();
      await until(
        'the user arrives',
        async () => (await m().find(kubesphere.users, { name: 'waiting' })) !== undefined,
        patient,
      );
    });

    it('are asked about dry runs too, and only about what their rules name', async () => {
      const body = { spec: { email: 'same@example.com' } };
      const dry = m().patch(kubesphere.users, { name: 'second' }, { type: 'merge', body }, { dryRun: true });
      expect(await refusal(dry)).toContain('already exists');
      expect(await refusal(describeIt('somebody'))).toBe('it was not refused');
    });

    it('on a member refuse every update of a Cluster, for no handler is registered there', async () => {
      await m().create(kubesphere.clusters, {
        metadata: { name: 'left-over' },
        spec: { joinFederation: false, connection: { type: 'direct' } },
      });
      const body = { spec: { provider: 'nobody' } };
      const update = m().patch(kubesphere.clusters, { name: 'left-over' }, { type: 'merge', body });
      expect(await refusal(update)).toContain(
        'failed calling webhook "validating-cluster.kubesphere.io": failed to call webhook: the server could not find the requested resource',
      );
      await m().delete(kubesphere.clusters, { name: 'left-over' }, background);
      await untilGone(m(), kubesphere.clusters, { name: 'left-over' });
    });

    it('refuse to let a Cluster be another cluster than it was', async () => {
      const kubeconfig = Buffer.from(federation.clusters.a.kubeconfig).toString('base64');
      const body = { spec: { connection: { kubeconfig } } };
      const update = a().patch(kubesphere.clusters, { name: 'm' }, { type: 'merge', body });
      expect(await refusal(update)).toContain(
        'this kubeconfig corresponds to a different cluster than the previous one',
      );
    });

    it('keep a Cluster whose kubeconfig is no longer good: no edit, no deletion, not even the mark that it is not ready', async () => {
      const { spec } = await cluster();
      const good = Buffer.from(spec.connection.kubeconfig ?? '', 'base64').toString();
      const dead = altered(good, { cluster: { ...clusterIn(good), server: 'https://127.0.0.1:1' } });
      // Written past the webhook, as when the member itself moves away.
      const configuration = await a().get(core.validatingWebhookConfigurations, { name: 'cluster.kubesphere.io' });
      await a().delete(core.validatingWebhookConfigurations, { name: 'cluster.kubesphere.io' }, background);
      const point = (kubeconfig: string) =>
        until(
          'the webhook is out of the way',
          async () => {
            const body = { spec: { connection: { kubeconfig: Buffer.from(kubeconfig).toString('base64') } } };
            return (
              (await refusal(a().patch(kubesphere.clusters, { name: 'm' }, { type: 'merge', body }))) ===
              'it was not refused'
            );
          },
          patient,
        );
      await point(dead);
      const { webhooks = [] } = configuration;
      await a().create(core.validatingWebhookConfigurations, { metadata: { name: 'cluster.kubesphere.io' }, webhooks });
      await until('it is back', async () => (await refusal(describeIt('again'))) !== 'it was not refused', patient);
      expect(await refusal(describeIt('again'))).toContain(
        'admission webhook "validating-cluster.kubesphere.io" denied the request',
      );
      await a().delete(kubesphere.clusters, { name: 'm' }, background);
      await until('it is going', async () => (await cluster()).metadata.deletionTimestamp !== undefined, patient);
      await until(
        'kubefed let go of it',
        async () =>
          (await a().find(kubesphere.kubeFedClusters, { namespace: 'kube-federation-system', name: 'm' })) ===
          undefined,
        patient,
      );
      const stuck = await cluster();
      expect(stuck.metadata.finalizers).toEqual(['finalizer.cluster.kubesphere.io']);
      expect(conditionOf(stuck, 'Ready')?.status).toBe('True');
      // The way out that the maintainers gave: the webhook away, then the finalizers.
      await a().delete(core.validatingWebhookConfigurations, { name: 'cluster.kubesphere.io' }, background);
      await untilGone(a(), kubesphere.clusters, { name: 'm' });
    });

    it('take the service of nobody for a failure, which Ignore forgives', async () => {
      const hook = (failurePolicy: string) => ({
        name: 'served.example.com',
        admissionReviewVersions: ['v1'],
        clientConfig: { service: { namespace: 'default', name: 'nobody', path: '/check' } },
        failurePolicy,
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
        matchConditions: [{ name: 'ours', expression: 'object.metadata.name.startsWith("asked-")' }],
        sideEffects: 'None',
        timeoutSeconds: 2,
      });
      const at = { name: 'served.example.com' };
      await m().create(core.validatingWebhookConfigurations, { metadata: at, webhooks: [hook('Fail')] });
      const create = (name: string) =>
        m().create(core.configMaps, { metadata: { namespace: 'default', name }, data: {} });
      await until(
        'it is asked',
        async () => (await refusal(create(`asked-${performance.now()}`))) !== 'it was not refused',
        patient,
      );
      expect(await refusal(create('asked-once'))).toContain(
        'failed calling webhook "served.example.com": failed to call webhook: Post "https://nobody.default.svc:443/check?timeout=2s": service "nobody" not found',
      );
      expect(await refusal(create('not-asked'))).toBe('it was not refused');
      await m().patch(core.validatingWebhookConfigurations, at, {
        type: 'merge',
        body: { webhooks: [hook('Ignore')] },
      });
      await until(
        'it is forgiven',
        async () => (await refusal(create('asked-twice'))) === 'it was not refused',
        patient,
      );
      await m().delete(core.validatingWebhookConfigurations, at, background);
    });
  });
}
