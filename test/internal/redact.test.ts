import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/internal/redact.ts';
import type { Json } from '../../src/types.ts';

describe('redact', () => {
  it.each([
    ['a bearer token', 'refused Bearer abc.DEF-123', 'abc.DEF-123'],
    ['a JSON web token', 'got eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl back', 'eyJzdWIiOiIx'],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----', 'MIIEow'],
    ['a private key that was cut off', 'x -----BEGIN PRIVATE KEY-----\nMIIEow', 'MIIEow'],
    ['a password in an assignment', 'password=hunter2 was wrong', 'hunter2'],
    ['a field of YAML', 'jwtSecret: s3cr3t-value', 's3cr3t-value'],
    ['credentials in an address', 'GET https://admin:pa55@host/api', 'pa55'],
    ['a bcrypt hash', `hash $2a$10$${'a'.repeat(53)} kept`, 'aaaaaaaa'],
  ])('takes %s out of text', (_, text, secret) => {
    expect(text).toContain(secret);
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain('[redacted]');
  });

  it.each([
    'token',
    'bearerToken',
    'password',
    'jwtSecret',
    'clientSecret',
    'kubeconfig',
    'memberKubeconfig',
    'Authorization',
    'client-key-data',
    'clientCertificateData',
    'jwt',
  ])('takes out the text of a field named %s, however deep', (field) => {
    expect(redact({ list: [{ [field]: 'plain-looking' }] })).toEqual({ list: [{ [field]: '[redacted]' }] });
  });

  it('leaves names, digests and references of secrets', () => {
    const value: Json = {
      secretName: 'parked-kubeconfig',
      secretRef: { namespace: 'kubesphere-system', name: 'parked' },
      secrets: [{ name: 'default-token-x7' }],
      jwtDigest: 'ab12',
      kubeconfigDigest: 'cd34',
      tokenFile: '/var/run/token',
      automountServiceAccountToken: true,
      secret: { secretName: 'mounted', optional: false },
    };
    expect(redact(value)).toEqual(value);
  });

  it('takes out all that a Secret object keeps, and leaves its name', () => {
    const secret: Json = {
      kind: 'Secret',
      metadata: { name: 's' },
      type: 'Opaque',
      data: { a: 'eA==' },
      stringData: { b: 'y' },
    };
    expect(redact(secret)).toEqual({ ...secret, data: { a: '[redacted]' }, stringData: { b: '[redacted]' } });
    expect(redact({ kind: 'ConfigMap', data: { a: 'x' } })).toEqual({ kind: 'ConfigMap', data: { a: 'x' } });
  });

  it('changes nothing the second time', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'token: ',
        'password=',
        'Bearer ',
        'jwtSecret',
        ' ',
        '"',
        ',',
        '-----BEGIN X-----',
        'https://a:b@c',
        'eyJhbGciOiJI.eyJzdWIiOiIx.c',
      ),
    );
    const text = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (value) => {
        const once = redact(value);
        expect(redact(once)).toBe(once);
      }),
      { numRuns: 500 },
    );
  });
});
