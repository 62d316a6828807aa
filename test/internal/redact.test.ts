import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/internal/redact.ts';
import type { Json } from '../../src/types.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Text around a secret `s`, and what of it must not be left. */
const texts: readonly (readonly [what: string, text: (s: string) => string])[] = [
  ['a bearer token', (s) => `refused Bearer ${s}, again`],
  ['a bearer token of letters', (s) => `refused Bearer AbCdEf${s}`],
  ['an authorization header', (s) => `Authorization: Basic ${s}`],
  ['a header without a scheme', (s) => `authorization: ${s}`],
  ['a header of curl', (s) => `curl -H 'Authorization: Basic ${s}' https://h`],
  ['a header in a list', (s) => `Authorization:[Basic ${s}] Accept:[*]`],
  ['a JSON web token', (s) => `got eyJhbGciOiJI.eyJzdWIiOiIx${s}.c2lnbmF0dXJl back`],
  ['a JSON web token on a line of its own in JSON', (s) => `"a\\neyJhbGciOiJI.eyJzdWIiOiIx${s}.c2ln"`],
  ['a private key', (s) => `-----BEGIN RSA PRIVATE KEY-----\n${s}\n-----END RSA PRIVATE KEY-----`],
  ['a private key that was cut off', (s) => `x -----BEGIN PRIVATE KEY-----\n${s}`],
  ['a private key in base64', (s) => `some.file: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ${s}`],
  ['a password in an assignment', (s) => `password=${s} was wrong`],
  ['a password with a comma and braces', (s) => `password=a,{b}${s}`],
  ['a field of YAML', (s) => `jwtSecret: ${s}`],
  ['a field of JSON', (s) => `{"token":"${s}"}`],
  ['an array of JSON', (s) => `{"tokens":["a","${s}"]}`],
  ['a list of YAML', (s) => `tokens:\n  - ${s}\n`],
  ['a value on the next line', (s) => `password:\n  ${s}\n`],
  ['a field of JSON in JSON', (s) => `{\\"token\\":\\"${s}\\"}`],
  ['a field of JSON in JSON in JSON', (s) => `{\\\\\\"token\\\\\\":\\\\\\"a ${s}\\\\\\"}`],
  ['access_token=', (s) => `?access_token=${s}`],
  ['refresh_token=', (s) => `a=b&refresh_token=${s}&c=d`],
  ['accessToken', (s) => `"accessToken":"${s}"`],
  ['client_secret=', (s) => `client_secret=${s}`],
  ['clientSecret:', (s) => `clientSecret: ${s}`],
  ['secret:', (s) => `secret: ${s}`],
  ['passwd=', (s) => `passwd=${s}`],
  ['passphrase', (s) => `passphrase = ${s}`],
  ['apiKey', (s) => `apiKey: ${s}, api_key=${s}, api-key: '${s}'`],
  ['a hash of a script', (s) => `password => ${s}`],
  ['an environment variable', (s) => `DB_PASSWORD=${s} MYSQL_ROOT_PASSWORD: ${s}`],
  ['several words in quotes', (s) => `password: "correct horse ${s}"`],
  ['a comma in quotes', (s) => `password: "a,${s}"`],
  ['a brace in single quotes', (s) => `password: 'x}${s}'`],
  ['an escaped quote in quotes', (s) => `password: "a\\"b ${s}"`],
  ['a doubled quote in single quotes', (s) => `password: 'a''b ${s}'`],
  ['a quote that does not close', (s) => `password: "a b ${s}`],
  ['a quote inside a bare value', (s) => `password=a"b${s}`],
  ['a block of YAML', (s) => `password: |\n  a\n\n  ${s}\n`],
  ['a folded block of YAML', (s) => `    client-key-data: >-\n      a\n      ${s}\n`],
  ['a block of YAML in JSON', (s) => `"kubesphere.yaml":"password: |\\n  ${s}\\n"`],
  ['an address', (s) => `GET https://admin:${s}@host/api`],
  ['an address without a user', (s) => `redis://:${s}@r:6379 https://:${s}@h/`],
  ['an address of a database', (s) => `postgres://u:${s}@h/db`],
  ['an address with a token for a user', (s) => `https://${s}@github.com/a/b.git`],
  ['an address with a slash in the password', (s) => `https://u:a/${s}@h`],
  ['an address with an @ in the password', (s) => `https://u:a@${s}@h`],
  ['a bcrypt hash', (s) => `hash $2a$10$${s.padEnd(53, 'a').slice(0, 53)} kept`],
  ['client-key-data', (s) => `client-key-data: ${s}\nname: me`],
  ['tls.key', (s) => `tls.key: ${s}`],
  ['a value that Kubernetes refused', (s) => `spec.authentication.jwtSecret: Invalid value: "${s}": too weak`],
  ['a refused value in JSON', (s) => `{"message":"spec.token: Unsupported value: \\"${s}\\": no"}`],
  ['a kubeconfig', (s) => `kubeconfig: ${base64('apiVersion: v1\nclusters: []\nusers: []')}${s}`],
];

/** Data around a secret. */
const data: readonly (readonly [what: string, value: (s: string) => Json])[] = [
  ...[
    ...['token', 'bearerToken', 'password', 'jwtSecret', 'clientSecret', 'kubeconfig', 'memberKubeconfig', 'jwt'],
    ...[
      'Authorization',
      'client-key-data',
      'clientCertificateData',
      'access_token',
      'secretKey',
      'accessKey',
      'apiKey',
    ],
    ...['credentials', 'privateKey', 'tls.key', 'ssh-privatekey', 'passwd', 'passphrase', 'DB_PASSWORD', 'tokens'],
  ].map((field) => [`the field ${field}`, (s: string) => ({ list: [{ [field]: s }] })] as const),
  ['a list of tokens', (s) => ({ token: [s], tokens: [[s]] })],
  ['an object in a secret field', (s) => ({ password: { value: s, from: [{ text: s }] } })],
  ['more than a reference', (s) => ({ token: { name: 'n', value: s }, credentials: { name: 'n', pass: s } })],
  [
    'an environment',
    (s) => ({
      env: [
        { name: 'A', value: 'x' },
        { name: 'DB_PASSWORD', value: s },
      ],
    }),
  ],
  ['what a Secret keeps', (s) => ({ kind: 'Secret', data: { a: s }, stringData: { b: s, c: [s] } })],
  ['text in data', (s) => ({ note: [`Authorization: Basic ${s}`] })],
];

const canary = 's3cr3tV4lue';

describe('redact', () => {
  it.each(texts)('takes out of text: %s', (_, text) => {
    expect(text(canary)).toContain(canary);
    expect(redact(text(canary))).not.toContain(canary);
    expect(redact(text(canary))).toContain('[redacted]');
  });

  it.each(data)('takes out of data: %s', (_, value) => {
    const shown = JSON.stringify(redact(value(canary)));
    expect(shown).not.toContain(canary);
    expect(shown).toContain('[redacted]');
  });

  it('takes out numbers that are passwords', () => {
    expect(redact({ password: 12345678, pins: { token: [1234] } })).toEqual({
      password: '[redacted]',
      pins: { token: ['[redacted]'] },
    });
  });

  it('lets no secret through, in whatever of these forms it stands', () => {
    const character = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');
    const secret = fc.array(character, { minLength: 8, maxLength: 40 }).map((all) => `x7${all.join('')}`);
    const around = fc.constantFrom('', ' ', '\n', 'Look: ', '{"a":1}\n', '- ', 'kind: Secret\n', '> ');
    const place = fc.constantFrom<(s: string) => Json>(
      ...texts.map(([, text]) => text),
      ...data.map(([, value]) => value),
    );
    fc.assert(
      fc.property(place, secret, around, around, (where, hidden, before, after) => {
        const value = where(hidden);
        const whole = typeof value === 'string' ? `${before}${value}${after}` : value;
        expect(JSON.stringify(redact(whole))).not.toContain(hidden);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    'a password must be set',
    'Bearer token missing',
    'Use a Bearer token. The token is kept',
    'the token: missing',
    'secrets "a" is forbidden',
    'no password: set one',
    'token: null, password: "", automountServiceAccountToken: true,',
    '{"token":null,"x":1}',
    'secret:\n  secretName: mounted',
    'Secrets: 3, tokens: 5',
    'secretName: parked, jwtDigest: ab12, tokenSecretRef: { name: x }',
    'tokenFile: /var/run/token',
    'kubeconfig: parked-kubeconfig',
    'write to ops@example.org, or https://h:8443/x?mail=ops@example.org',
    'see https://h/@scope/pkg and ssh://git@github.com/a/b.git',
    'file:///srv/a/b.ts:10:3 at 2026-01-02T03:04:05Z',
    'Role kubesphere-system/ks-token-reader changed: rules',
  ])('leaves the text: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('leaves names, digests and references of secrets, what is null, true or false, and numbers of things', () => {
    const value: Json = {
      secretName: 'parked-kubeconfig',
      secretRef: { namespace: 'kubesphere-system', name: 'parked' },
      tokenSecretRef: { name: 'parked', key: 'token' },
      secrets: [{ name: 'default-token-x7' }],
      tokens: 5,
      token: null,
      jwtDigest: 'ab12',
      kubeconfigDigest: 'cd34',
      tokenFile: '/var/run/token',
      automountServiceAccountToken: true,
      secret: { secretName: 'mounted', optional: false, defaultMode: 420, items: [{ key: 'a', path: 'b' }] },
      resource: { cluster: 'm', apiVersion: 'v1', kind: 'Secret', namespace: 'n', name: 'kubesphere-secret', uid: 'u' },
      env: [{ name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }],
      mail: 'ops@example.org',
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

  it('leaves of text what is around the secret', () => {
    expect(redact('Authorization: Basic YWRtaW4=\nAccept: x')).toBe('Authorization: Basic [redacted]\nAccept: x');
    expect(redact('{"token":"a","name":"b"}')).toBe('{"token":"[redacted]","name":"b"}');
    expect(redact('{\\"token\\":\\"a\\\\\\"b\\",\\"name\\":\\"b\\"}')).toBe(
      '{\\"token\\":\\"[redacted]\\",\\"name\\":\\"b\\"}',
    );
    expect(redact('a:\n  password: |\n    x\n    y\n  name: b\n')).toBe(
      'a:\n  password: |\n    [redacted]\n  name: b\n',
    );
    expect(redact('GET https://u:p@h/x failed')).toBe('GET https://[redacted]@h/x failed');
  });

  it('changes nothing the second time', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        ...['token: ', 'password=', 'Bearer ', 'jwtSecret', 'Authorization: Basic ', 'x_token', 'secret:', 'apiKey'],
        ...[
          ' ',
          '"',
          "'",
          ',',
          '\\',
          '\\"',
          '\n',
          '\n  ',
          '|',
          '- ',
          '[',
          ']',
          '{',
          ':',
          '=',
          '@',
          '://',
          '[redacted]',
        ],
        ...['-----BEGIN X-----', 'https://a:b@c', 'eyJhbGciOiJI.eyJzdWIiOiIx.c', 'LS0tLS1CRUdJTi'],
      ),
    );
    const text = fc.array(piece, { maxLength: 9 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (value) => {
        const once = redact(value);
        expect(redact(once)).toBe(once);
      }),
      { numRuns: 3_000 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('token', 'secrets', 'x'), (value, field) => {
        const once = redact({ [field]: value as Json });
        expect(redact(once)).toEqual(once);
      }),
    );
  });

  // Work that grows with the square of the length would take minutes here, and end at the limit of every test.
  it.each([
    ...[
      'eyJ-',
      'eyJaaaaaaaa.',
      'a',
      '-',
      ' ',
      '\\',
      '"',
      "'",
      '://',
      '://:',
      'https://a:',
      'https://u:a/',
      'Bearer ',
      'bearer',
    ],
    ...[
      '-----BEGIN ',
      '-----BEGIN a-----',
      '-----END ',
      'LS0tLS1CRUdJTi',
      '$2a$10$',
      'token',
      'token:',
      'token: ',
      'token:"',
    ],
    ...[
      'token:\\"',
      'token:[',
      "token:'",
      'token: |\n a',
      'token=\\',
      'secret ',
      'password\\',
      'kubeconfig:',
      'client-',
      '\n ',
    ],
  ])('reads a long row of %j in one go', (piece) => {
    const long = piece.repeat(Math.ceil(600_000 / piece.length));
    expect(redact(long).length).toBeGreaterThan(0);
    expect(redact(`${long} token=${canary}`)).not.toContain(canary);
  });
});
