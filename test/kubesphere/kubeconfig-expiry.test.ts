import { expect, test } from 'vitest';
import { kubeconfigExpiry } from '../../src/kubesphere/kubeconfig-expiry.ts';

const stored = (user: object, current = 'here'): string =>
  Buffer.from(
    JSON.stringify({
      users: [
        { name: 'other', user: { token: 'opaque' } },
        { name: 'me', user },
      ],
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'me' } }],
      'current-context': current,
    }),
  ).toString('base64');
const jwt = (claims: object): string =>
  ['{}', JSON.stringify(claims), 'signature'].map((part) => Buffer.from(part).toString('base64url')).join('.');

// How a real client certificate is read: test/modules/components/components.test.ts.
test.each([
  [
    'a token that ends',
    stored({ token: jwt({ exp: 1_893_456_000 }) }),
    { by: 'token', expires: '2030-01-01T00:00:00.000Z' },
  ],
  ['a token that does not end', stored({ token: jwt({}) }), { by: 'token' }],
  ['an opaque token', stored({ token: 'Marked-Secret' }), { by: 'token' }],
  ['a plugin', stored({ exec: { command: 'aws' } }), { by: 'other' }],
  ['a certificate that is none', stored({ 'client-certificate-data': 'Marked-Secret' }), { by: 'unreadable' }],
  ['a context that is not there', stored({ token: 'x' }, 'elsewhere'), { by: 'unreadable' }],
  ['no YAML', Buffer.from('{ Marked-Secret: [').toString('base64'), { by: 'unreadable' }],
  ['nothing', '', { by: 'unreadable' }],
])('%s', (_what, kubeconfig, expected) => {
  const found = kubeconfigExpiry(kubeconfig);
  expect(found).toEqual(expected);
  expect(JSON.stringify(found)).not.toContain('Marked-Secret');
});
