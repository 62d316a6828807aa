import { Buffer } from 'node:buffer';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { core } from '../../src/kube/resources.ts';
import { until } from '../../src/testing/index.ts';
import { CertificateAuthority } from '../../src/testing/server/certificate.ts';
import type { Federation, Ground } from '../grounds.ts';
import { background, patient, slow } from './support.ts';

interface Review {
  readonly apiVersion: string;
  readonly request: { readonly uid: string; readonly name: string };
}

/** What a webhook at `/PATH` answers; a string is sent as it stands. */
const answers: Readonly<Record<string, (review: Review) => readonly [code: number, body: object | string]>> = {
  allows: ({ request }) => [200, { allowed: true, uid: request.uid }],
  forbids: ({ request }) => [200, { allowed: false, uid: request.uid, status: { code: 403, message: 'not this one' } }],
  reasons: ({ request }) => [200, { allowed: false, uid: request.uid, status: { reason: 'Because' } }],
  silent: ({ request }) => [200, { allowed: false, uid: request.uid }],
  stranger: () => [200, { allowed: true, uid: 'another' }],
  absent: () => [200, 'absent'],
  broken: () => [200, 'no json'],
  fails: () => [500, 'it broke'],
  gone: () => [404, '404 page not found\n'],
  busy: () => [503, 'later'],
  rejects: () => [400, 'what is this'],
};

/** What a webhook that cannot be asked comes to. */
const uncalled = (path: string, why: string) =>
  [500, `Internal error occurred: failed calling webhook "${path}.example.com": ${why}`] as const;
const failed = (path: string, why: string) => uncalled(path, `failed to call webhook: ${why}`);
const denied = (path: string, why: string) =>
  `admission webhook "${path}.example.com" denied the request${why === '' ? ' without explanation' : `: ${why}`}`;

/** What each comes to: status and message of the answer to a create, in the words of the real server. */
const outcomes = (
  origin: string,
): Readonly<Record<string, readonly [status: number, message: string] | undefined>> => ({
  allows: undefined,
  forbids: [403, denied('forbids', 'not this one')],
  reasons: [400, denied('reasons', 'Because')],
  silent: [400, denied('silent', '')],
  stranger: uncalled('stranger', 'received invalid webhook response: expected response.uid='),
  absent: uncalled('absent', 'received invalid webhook response: webhook response was absent'),
  broken: failed('broken', "couldn't get version/kind; json parse error: "),
  fails: failed('fails', 'an error on the server ("it broke") has prevented the request from succeeding'),
  gone: failed('gone', 'the server could not find the requested resource'),
  busy: failed('busy', 'the server is currently unable to handle the request'),
  rejects: failed('rejects', 'the server rejected our request for an unknown reason'),
  hangs: failed('hangs', `Post "${origin}/hangs?timeout=1s": context deadline exceeded`),
  untrusted: failed(
    'untrusted',
    `Post "${origin}/untrusted?timeout=1s": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
  ),
  refused: failed(
    'refused',
    'Post "https://127.0.0.1:1/?timeout=1s": dial tcp 127.0.0.1:1: connect: connection refused',
  ),
  condition: [
    403,
    `configmaps "condition-now" is forbidden: expression 'object.data.nothing == "x"' resulted in error: no such key: data`,
  ],
  versions: undefined,
  ignored: undefined,
});

/** How an API server asks webhooks, whoever serves them. */
export function describeAsking(ground: Ground): void {
  describe(`asking webhooks, on ${ground.name}`, slow, () => {
    let federation: Federation<'m'>;
    let server: Server;
    let origin = '';
    const authority = new CertificateAuthority('hooks-ca');
    const m = () => federation.clusters.m.connection;

    beforeAll(async () => {
      federation = await ground.start({ m: { role: 'standalone' } });
      server = createServer({ ...authority.issue('server', { commonName: 'hooks' }) }, async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        const review: Review = JSON.parse(Buffer.concat(chunks).toString());
        const path = new URL(request.url ?? '/', 'https://localhost').pathname.slice(1);
        if (path === 'hangs') return;
        const [code, body] = answers[path]?.(review) ?? [404, ''];
        const { apiVersion } = review;
        const sent =
          body === 'absent'
            ? { apiVersion, kind: 'AdmissionReview' }
            : { apiVersion, kind: 'AdmissionReview', response: body };
        response.writeHead(code, {
          'content-type': typeof body === 'string' && body !== 'absent' ? 'text/plain' : 'application/json',
        });
        response.end(typeof body === 'string' && body !== 'absent' ? body : JSON.stringify(sent));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address: AddressInfo | string | null = server.address();
      origin = `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    }, slow.timeout);
    afterAll(async () => {
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve));
      await federation?.[Symbol.asyncDispose]();
    }, slow.timeout);

    it('comes to what the real server makes of each answer, and of none', async () => {
      const ca = Buffer.from(authority.cert).toString('base64');
      const other = Buffer.from(new CertificateAuthority('other').cert).toString('base64');
      const expected = outcomes(origin);
      const paths = Object.keys(expected);
      const url = (path: string): string => {
        if (path === 'refused' || path === 'ignored') return 'https://127.0.0.1:1';
        return `${origin}/${path === 'versions' ? 'allows' : path}`;
      };
      const webhooks = paths.map((path) => ({
        name: `${path}.example.com`,
        admissionReviewVersions: path === 'versions' ? ['v7', 'v1beta1'] : ['v1'],
        clientConfig: { url: url(path), caBundle: path === 'untrusted' ? other : ca },
        failurePolicy: path === 'ignored' ? 'Ignore' : 'Fail',
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
        matchConditions: [
          { name: 'ours', expression: `object.metadata.name.startsWith("${path}-")` },
          ...(path === 'condition' ? [{ name: 'bad', expression: 'object.data.nothing == "x"' }] : []),
        ],
        sideEffects: 'None',
        timeoutSeconds: 1,
      }));
      await m().create(core.validatingWebhookConfigurations, { metadata: { name: 'words' }, webhooks });
      const create = async (name: string): Promise<readonly [number | undefined, string] | undefined> => {
        try {
          await m().create(core.configMaps, { metadata: { namespace: 'default', name }, data: {} }, { retry: false });
          return undefined;
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          return [error.status, error.message];
        }
      };
      await until(
        'they are asked',
        async () => (await create(`forbids-${Math.floor(performance.now())}`)) !== undefined,
        patient,
      );
      for (const path of paths) {
        const wanted = expected[path];
        const found = await create(`${path}-now`);
        if (wanted === undefined) expect([path, found]).toEqual([path, undefined]);
        else expect([path, ...(found ?? [])]).toEqual([path, wanted[0], expect.stringContaining(wanted[1])]);
      }
      await m().delete(core.validatingWebhookConfigurations, { name: 'words' }, background);
    });
  });
}
