import { Buffer } from 'node:buffer';
import { CertificateAuthority } from '../../server/certificate.ts';
import { serverCertificate } from '../../server/credentials.ts';
import type { Handler } from '../../server/exchange.ts';
import { listen } from '../../server/listener.ts';
import { publish } from '../../server/local.ts';
import { isRecord, recordAt, text } from '../../server/object.ts';

/** What a webhook is asked about: the `request` of an AdmissionReview, as far as ours look at it. */
interface ReviewRequest {
  readonly operation: string;
  readonly object: unknown;
  readonly oldObject: unknown;
}

/** What a webhook says. */
export type Verdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly code: number; readonly message: string; readonly reason?: string };

/** Decides about one request. */
export type Review = (request: ReviewRequest) => Promise<Verdict>;

/** A running server of webhooks, on loopback with TLS. Disposing it refuses connections, as a stopped program does. */
export interface WebhookServer extends AsyncDisposable {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** Base64 PEM of the authority of its certificate. */
  readonly caBundle: string;
}

let known: CertificateAuthority | undefined;

/** One for all servers of the process: nobody tells them apart by it, and hundreds of keys take time. */
function authorityOfAll(): CertificateAuthority {
  known ??= new CertificateAuthority('ks-controller-manager-ca');
  return known;
}

const nobody = { name: 'system:anonymous', groups: [] };

/**
 * Serves the review that `find` has for a path, and 404 where it has none; asked anew for every request.
 *
 * @param port where it is to listen, if that is free
 * @param isDown whether the program is down by a fault: nobody is answered then
 */
export async function startWebhookServer(
  find: (path: string) => Review | undefined,
  isDown: () => boolean,
  port = 0,
): Promise<WebhookServer> {
  const authority = authorityOfAll();
  const certificate = serverCertificate(authority, 'ks-controller-manager');
  const handle: Handler = async (incoming, outgoing) => {
    const answer = (code: number, type: string, body: string): void => {
      outgoing.start(code, { 'content-type': type });
      outgoing.write(body);
      outgoing.end();
    };
    if (isDown()) return outgoing.reset();
    const review = find(new URL(incoming.url, 'https://localhost').pathname);
    if (review === undefined) return answer(404, 'text/plain; charset=utf-8', '404 page not found\n');
    try {
      answer(200, 'application/json', JSON.stringify(await reviewed(review, await incoming.body())));
    } catch (error) {
      answer(500, 'text/plain; charset=utf-8', String(error));
    }
  };
  const identify = () => () => nobody;
  const listener = await listen(certificate.identity, { http2: false, identify, port }, handle);
  const url = `https://127.0.0.1:${listener.port}`;
  const withdraw = publish({
    url,
    get listening() {
      return listener.listening && !isDown();
    },
    authority: authority.cert,
    certifiedUntil: () => certificate.until,
    identify,
    handle,
    onSuspend: () => () => {},
  });
  return {
    url,
    caBundle: Buffer.from(authority.cert).toString('base64'),
    async [Symbol.asyncDispose]() {
      await listener.suspend();
      withdraw();
    },
  };
}

/** Asks `review` about the request in an AdmissionReview of v1 or v1beta1, and answers in the same version. */
async function reviewed(review: Review, body: string): Promise<object> {
  const asked: unknown = JSON.parse(body);
  const request = recordAt(asked, 'request');
  const verdict = await review({
    operation: text(request['operation']) ?? '',
    object: request['object'],
    oldObject: request['oldObject'],
  });
  const { apiVersion, kind } = isRecord(asked) ? asked : {};
  const status = verdict.allowed
    ? {}
    : { status: { code: verdict.code, message: verdict.message, reason: verdict.reason } };
  return { apiVersion, kind, response: { uid: request['uid'], allowed: verdict.allowed, ...status } };
}
