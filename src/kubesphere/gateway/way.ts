import { ApiError, FederationError } from '../../errors.ts';
import { isRecord, parseJson } from '../../kube/json.ts';
import { statusOf } from '../../kube/status.ts';
import type { HttpAnswer, Transport } from '../../kube/transport.ts';

/**
 * The address of a Kubernetes path behind KubeSphere's gateway. `/apis/...` of a member is `/apis/clusters/{name}/...`: the segment
 * stands right behind the prefix (v3.3.2 pkg/apiserver/request/requestinfo.go). The version of Kubernetes stands in `/kapis/version`,
 * for `/version` itself is not passed on.
 *
 * @throws FederationError `UNSUPPORTED` for a path that the gateway does not pass on
 */
function behindGateway(member: string | undefined, path: string): string {
  const segment = member === undefined ? '' : `/clusters/${encodeURIComponent(member)}`;
  if (path === '/version') return `/kapis${segment}/version`;
  const [, prefix, rest] = /^(\/api|\/apis|\/kapis)((?:[/?].*)?)$/s.exec(path) ?? [];
  if (prefix !== undefined) return `${prefix}${segment}${rest}`;
  throw new FederationError(
    'UNSUPPORTED',
    `KubeSphere's gateway does not pass on ${path}. Ask with a kubeconfig of the cluster: Federation.connect({ kubeconfig }) or { …, members: { 'NAME': { kubeconfig } } }.`,
  );
}

/**
 * Sends what is meant for an API server through KubeSphere's gateway.
 *
 * The gateway itself says in text, and on 3.4 in a JSON of its own, that it does not know a cluster or takes it for not ready; it
 * does so with the status of an ordinary answer. Nothing of that may pass for "there is no such object": it is `UNREACHABLE`.
 */
export function throughGateway(
  inner: Transport,
  { cluster, member }: { cluster: string; member: string | undefined },
): Transport {
  return {
    ...inner,
    async send(request) {
      const answer = await inner.send({ ...request, path: behindGateway(member, request.path) });
      if (member === undefined || answer.statusCode < 400) return answer;
      const text = await answer.body.text();
      if (answer.statusCode === 401)
        throw new ApiError(
          'UNAUTHENTICATED',
          `${cluster}: the member does not accept the tokens of its host (${statusOf(text).message}). Its authentication.jwtSecret must be the host's, and its accessTokenMaxAge 0: see federation.clusters.prepareMember.`,
          { cluster, status: 401 },
        );
      const failure = failureOf(answer.statusCode, text);
      if (failure === undefined) return withText(answer, text);
      throw new ApiError(
        'UNREACHABLE',
        `${cluster}: KubeSphere's gateway could not pass the request on: ${failure.said} Look at cluster "${member}" on its host, or give its own kubeconfig.`,
        { cluster, status: answer.statusCode, retryable: true, details: { sent: failure.sent } },
      );
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

/** What the gateway itself says, and whether the member may have got the request; `undefined` for an answer of the member's. */
function failureOf(status: number, text: string): { readonly said: string; readonly sent: boolean } | undefined {
  const said = messageOf(text).trim();
  const known = /cluster \S+ (?:not found|not exists|is not ready)$/.exec(said)?.[0];
  if (known !== undefined && (status === 404 || status === 400 || status === 500))
    return { said: `${known}.`, sent: false };
  // What breaks on the way to the member is told in text, and Kubernetes itself tells nothing in text.
  return status >= 500 && parseJson(text) === undefined ? { said: said.slice(0, 300), sent: true } : undefined;
}

function messageOf(text: string): string {
  const answer = parseJson(text);
  if (!isRecord(answer)) return text;
  // 3.4 writes the whole error in place of its Status.
  const status = answer['ErrStatus'];
  return isRecord(status) && typeof status['message'] === 'string' ? status['message'] : '';
}

/** An answer whose body was read already. */
function withText({ statusCode, headers }: HttpAnswer, text: string): HttpAnswer {
  return {
    statusCode,
    headers,
    body: {
      text: async () => text,
      json: async () => JSON.parse(text) as unknown,
      dump: async () => {},
      once: () => {},
      async *[Symbol.asyncIterator]() {
        yield Buffer.from(text);
      },
    },
  };
}
