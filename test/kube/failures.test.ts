import { describe, expect, it } from 'vitest';
import { answerFailure } from '../../src/kube/failures.ts';
import { hadNoEffect, networkFailure } from '../../src/kube/network.ts';
import { type Operation, rightToHandOn } from '../../src/kube/operation.ts';
import { core } from '../../src/kube/resources.ts';
import { status } from './support.ts';

const removal: Operation = { cluster: 'm', verb: 'DELETE', resource: core.namespaces, name: 'p1', uid: 'u1' };
const answered = (body: object | string, http: number, operation = removal, headers = {}) =>
  answerFailure({ status: http, headers, body: typeof body === 'string' ? body : JSON.stringify(body) }, operation);

describe('an answer that is no success', () => {
  it.each([
    [400, 'BadRequest', 'unable to parse requirement', 'REJECTED', false],
    [401, 'Unauthorized', 'Unauthorized', 'UNAUTHENTICATED', false],
    [
      403,
      'Forbidden',
      'namespaces "p1" is forbidden: User "x" cannot delete resource "namespaces"',
      'FORBIDDEN',
      false,
    ],
    [404, 'NotFound', 'namespaces "p1" not found', 'NOT_FOUND', false],
    [405, 'MethodNotAllowed', 'the server does not allow this method', 'UNSUPPORTED', false],
    [406, 'NotAcceptable', 'only the following media types are accepted', 'UNSUPPORTED', false],
    [409, 'AlreadyExists', 'namespaces "p1" already exists', 'ALREADY_EXISTS', false],
    [409, 'Conflict', 'the object has been modified', 'CONFLICT', false],
    [410, 'Expired', 'The provided continue parameter is too old', 'EXPIRED', false],
    [413, 'RequestEntityTooLarge', 'Request entity too large', 'REJECTED', false],
    [415, 'UnsupportedMediaType', 'the body of the request was in an unknown format', 'UNSUPPORTED', false],
    [422, 'Invalid', 'Namespace "P" is invalid: metadata.name', 'REJECTED', false],
    [429, 'TooManyRequests', 'the server has received too many requests', 'RATE_LIMITED', true],
    [500, 'InternalError', 'etcdserver: request timed out', 'SERVER_ERROR', true],
    [503, 'ServiceUnavailable', 'apiserver not ready', 'SERVER_ERROR', true],
    [504, 'Timeout', 'request did not complete', 'SERVER_ERROR', true],
    [302, '', 'Found', 'SERVER_ERROR', false],
  ] as const)('%i %s (%s) is %s', (http, reason, message, code, retryable) => {
    const error = answered(status(http, reason, message), http);
    expect(error).toMatchObject({ code, retryable, status: http, cluster: 'm' });
    expect(error.message).toContain('m: DELETE namespaces "p1" ');
    expect(error.message).toContain(message);
    expect(error.resource).toEqual({ cluster: 'm', apiVersion: 'v1', kind: 'Namespace', name: 'p1', uid: 'u1' });
  });

  it.each([
    [
      422,
      `namespaces "p1" is forbidden: ValidatingAdmissionPolicy 'shield' with binding 'shield' denied request: kept`,
      'by an admission policy',
    ],
    [
      401,
      `namespaces "p1" is forbidden: ValidatingAdmissionPolicy 'shield' with binding 'shield' denied request: kept`,
      'by an admission policy',
    ],
    [403, 'admission webhook "shield.example" denied the request: kept', 'by an admission webhook'],
    [400, 'admission webhook "shield.example" denied the request without explanation', 'by an admission webhook'],
    [
      500,
      'Internal error occurred: failed calling webhook "s.example": failed to call webhook: Post "https://s": dial tcp',
      'could not be called',
    ],
    [403, 'pods "a" is forbidden: exceeded quota: q, requested: pods=1', 'was refused'],
    [403, 'pods "a" is forbidden: violates PodSecurity "restricted:latest"', 'was refused'],
    [
      403,
      'configmaps "c" is forbidden: unable to create new content in namespace p1 because it is being terminated',
      'was refused',
    ],
  ])('a refusal by admission is REJECTED whatever its status is (%i: %s)', (http, message, words) => {
    const error = answered(status(http, 'Forbidden', message), http);
    expect(error).toMatchObject({ code: 'REJECTED', retryable: false, status: http, reason: 'Forbidden' });
    expect(error.message).toContain(words);
    expect(error.message).toContain(message);
  });

  it('does not take a lack of rights for admission', () => {
    const message = 'roles "r" is forbidden: user "x" is attempting to grant RBAC permissions not currently held';
    expect(answered(status(403, 'Forbidden', message), 403).code).toBe('FORBIDDEN');
  });

  it('names the right to hand on what a role gives, which the server does not', () => {
    const message =
      'rolebindings "b" is forbidden: user "x" is attempting to grant RBAC permissions not currently held';
    const binding = { roleRef: { kind: 'ClusterRole' } };
    const told = (text: string) =>
      answered(status(403, 'Forbidden', text), 403, {
        cluster: 'm',
        verb: 'CREATE',
        resource: core.roleBindings,
        handsOn: rightToHandOn(core.roleBindings, binding),
      }).message;
    expect(told(message)).toContain('without the right to bind clusterroles.rbac.authorization.k8s.io');
    expect(told('rolebindings is forbidden: User "x" cannot create resource')).not.toContain('bind clusterroles');
    expect(rightToHandOn(core.roleBindings, { roleRef: { kind: 'Role' } })).toMatch(/^bind roles\./);
    expect(rightToHandOn(core.clusterRoles, {})).toBe('escalate clusterroles.rbac.authorization.k8s.io');
    expect(rightToHandOn(core.secrets, {})).toBeUndefined();
  });

  it.each([
    [{ 'retry-after': '3' }, {}, 3_000],
    [{ 'retry-after': ['2'] }, { retryAfterSeconds: 9 }, 2_000],
    [{}, { retryAfterSeconds: 9 }, 9_000],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, {}, 0],
    [{}, {}, undefined],
  ])('waits as long as the server asks for (%j, %j)', (headers, details, expected) => {
    const error = answered(status(429, 'TooManyRequests', 'slow', details), 429, removal, headers);
    expect(error.retryAfterMs).toBe(expected);
  });

  it('takes plain text and HTML for the message, shortened', () => {
    expect(answered('<h1>Bad\n Gateway</h1>', 502).message).toBe(
      'm: DELETE namespaces "p1" failed in the server (HTTP 502): Bad Gateway',
    );
    expect(answered('', 502).message).toContain('HTTP 502');
    expect(answered('x'.repeat(5_000), 502).message.length).toBeLessThan(400);
  });

  it('names collections and objects in namespaces as kubectl does', () => {
    const text = (operation: Partial<Operation>) => answered('gone', 410, { ...removal, ...operation }).message;
    expect(text({ resource: core.deployments, namespace: 'p1', name: 'web' })).toMatch(
      /^m: DELETE deployments\.apps "p1\/web" /,
    );
    expect(text({ verb: 'LIST', resource: core.secrets, namespace: 'p1', name: undefined })).toMatch(
      /^m: LIST secrets of "p1" /,
    );
    expect(text({ verb: 'LIST', name: undefined })).toMatch(/^m: LIST namespaces /);
  });

  it('lets no credential into a message', () => {
    expect(answered('Authorization: Bearer abc.def-ghi', 502).message).not.toContain('abc.def-ghi');
  });
});

describe('a failed connection', () => {
  const failed = (properties: object, operation = removal) =>
    networkFailure(Object.assign(new Error('it broke'), properties), operation);

  it.each([
    { code: 'ECONNREFUSED', syscall: 'connect' },
    { code: 'ENOTFOUND', syscall: 'getaddrinfo' },
    { code: 'EHOSTUNREACH', syscall: 'connect' },
    { code: 'UND_ERR_CONNECT_TIMEOUT' },
    { code: 'UND_ERR_PRX_CONN' },
  ])('had no effect where nothing was sent (%j)', (properties) => {
    const error = failed(properties);
    expect(error).toMatchObject({ code: 'UNREACHABLE', retryable: true, details: { sent: false } });
    expect(error.message).toMatch(/^m: DELETE namespaces "p1" could not be sent: it broke \(/);
    expect(hadNoEffect(error)).toBe(true);
  });

  it.each([
    { code: 'ECONNRESET', syscall: 'read' },
    { code: 'EHOSTUNREACH', syscall: 'read' },
    { code: 'UND_ERR_SOCKET' },
    { code: 'UND_ERR_INFO' },
    { code: 'UND_ERR_HEADERS_TIMEOUT' },
    {},
  ])('may have had one where an answer is missing (%j)', (properties) => {
    const error = failed(properties);
    expect(error).toMatchObject({ code: 'UNREACHABLE', retryable: true, details: { sent: true } });
    expect(error.message).toContain('Whether it took effect is not known');
    expect(hadNoEffect(error)).toBe(false);
    expect(failed(properties, { ...removal, verb: 'GET' }).message).not.toContain('took effect');
  });

  it('is not tried again where the certificate is not trusted', () => {
    for (const code of [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'CERT_HAS_EXPIRED',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ])
      expect(failed({ code })).toMatchObject({ code: 'UNREACHABLE', retryable: false, details: { sent: false } });
    expect(failed({ code: 'CERT_HAS_EXPIRED' }).message).toContain('Check certificate-authority and tls-server-name');
  });

  it('to several addresses had no effect only where none was reached', () => {
    const refused = Object.assign(new Error('a'), { syscall: 'connect', code: 'EHOSTUNREACH' });
    const reset = Object.assign(new Error('b'), { syscall: 'read', code: 'ECONNRESET' });
    expect(hadNoEffect(networkFailure(new AggregateError([refused, refused]), removal))).toBe(true);
    expect(hadNoEffect(networkFailure(new AggregateError([refused, reset]), removal))).toBe(false);
  });
});
