import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { encodedPath, segmentsOf, targetOf } from '../../../src/testing/server/target.ts';
import { type Body, type Client, startClient } from './client.ts';

describe('where a request goes', () => {
  it.each([
    ['/a/b', '/a/b', ''],
    ['/a%2Fb%2e%2e?x=%2F?', '/a/b..', '?x=%2F?'],
    ['/a%252Fb', '/a%2Fb', ''],
    ['/a/../b/./c//d', '/a/../b/./c//d', ''],
    ['//host/a', '//host/a', ''],
    ['/a#b\\c', '/a#b\\c', ''],
    ['/gr%C3%B6%C3%9Fer+1', '/größer+1', ''],
  ])('%s is read as it stands, decoded once', (url, path, search) => {
    expect(targetOf(url)).toMatchObject({ path, search });
    expect(targetOf(encodedPath(path))).toMatchObject({ path, search: '' });
  });

  it.each(['/a%zz', '/a%', '/%ff', 'http://host/a', '*', ''])('%s is nothing that can be read', (url) => {
    expect(targetOf(url)).toBeUndefined();
  });

  it('has segments between its slashes, empty ones as well', () => {
    expect(segmentsOf('//a//b/')).toEqual(['a', '', 'b']);
    expect(segmentsOf('/')).toEqual([]);
  });
});

describe('an API server', () => {
  let client: Client;
  beforeAll(async () => {
    client = await startClient();
  });
  afterAll(() => client[Symbol.asyncDispose]());

  /** GET of a path that no client may tidy up beforehand. */
  const bare = (path: string) =>
    new Promise<{ readonly code: number | undefined; readonly text: string }>((resolve, reject) => {
      const { users }: Body = parse(client.server.kubeconfig);
      const headers = { authorization: `Bearer ${users[0].user.token}` };
      const { hostname, port } = new URL(client.server.url);
      const asked = request({ hostname, port, path, headers, rejectUnauthorized: false, agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => resolve({ code: answer.statusCode, text }));
      });
      asked.on('error', reject).end();
    });

  it.each([
    ['/api/v1/namespaces%2Fdefault%2Fconfigmaps', 200, '"kind":"ConfigMapList"'],
    ['/api/v1/namespaces/default/configmaps/', 200, '"kind":"ConfigMapList"'],
    ['/api/v1/namespaces/a%252Fb', 404, 'namespaces \\"a%2Fb\\" not found'],
    ['/api/v1/namespaces/default/../kube-system/configmaps', 404, ''],
    ['/api/v1/namespaces/default/%2e%2e/kube-system/configmaps', 404, ''],
    ['/api/v1//secrets', 404, ''],
    ['/api/v1/namespaces//secrets', 404, ''],
    ['/api/v1/namespaces/%zz', 400, '400 Bad Request'],
  ])('answers %s with %i', async (path, code, text) => {
    const answer = await bare(path);
    expect(answer.code).toBe(code);
    expect(answer.text).toContain(text);
  });
});
