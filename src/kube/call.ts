import { ApiError, FederationError } from '../errors.ts';
import { withRetry } from '../internal/retry.ts';
import { abortError, deadline } from '../internal/signal.ts';
import type { CallOptions, Logger } from '../types.ts';
import { either } from './abort.ts';
import { answerFailure, senseless } from './failures.ts';
import { isRecord, parseJson } from './json.ts';
import { hadNoEffect, networkFailure } from './network.ts';
import { describe, type Operation } from './operation.ts';
import { statusOf } from './status.ts';
import type { AnswerBody, HttpAnswer, HttpRequest, Transport } from './transport.ts';

/** When a failed request is sent again. */
export type Repeat =
  /** Reads and dry runs. */
  | 'always'
  /** The request names the very object or state it is meant for, so that doing it twice is doing it once. */
  | 'guarded'
  /** Only while it certainly had no effect. */
  | 'without-effect';

type CallRequest = Omit<HttpRequest, 'signal'> & { readonly repeat: Repeat };

/** Sends requests of one connection, with repeats, limits and one mapping of failures. */
export interface Caller {
  readonly cluster: string;
  readonly logger: Logger | undefined;
  readonly closing: AbortSignal;
  /** Resolves with the text of a successful answer. */
  text(operation: Operation, request: CallRequest, options: CallOptions | undefined): Promise<string>;
  /** Resolves with the JSON of a successful answer. */
  json(operation: Operation, request: CallRequest, options: CallOptions | undefined): Promise<unknown>;
  /** One attempt; resolves with a successful answer whose body is still to be read. */
  open(operation: Operation, request: HttpRequest): Promise<HttpAnswer>;
}

/** Makes the {@link Caller} of a transport. */
export function createCaller(cluster: string, transport: Transport, logger: Logger | undefined): Caller {
  async function open(operation: Operation, request: HttpRequest): Promise<HttpAnswer> {
    const answer = await failing(operation, request.signal, () => transport.send(request));
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    const body = await failing(operation, request.signal, () => answer.body.text());
    if (answer.statusCode === 404 && !(await isKubernetes(operation, request, body))) {
      throw senseless(operation, 'a 404 that no Kubernetes API server wrote', true);
    }
    throw answerFailure({ status: answer.statusCode, headers: answer.headers, body }, operation);
  }

  /** A proxy or ingress on the way answers 404 as well, but what it cannot find may be there: an API server that knows no such kind proves itself. */
  async function isKubernetes(operation: Operation, { signal }: HttpRequest, body: string): Promise<boolean> {
    if (operation.resource === undefined || statusOf(body).real) return true;
    const proof = await failing(operation, signal, async () => {
      const answer = await transport.send({ method: 'GET', path: '/version', signal });
      return answer.body.text();
    });
    const version = parseJson(proof);
    return statusOf(proof).real || (isRecord(version) && typeof version['gitVersion'] === 'string');
  }

  async function read<T>(
    operation: Operation,
    request: CallRequest,
    options: CallOptions = {},
    take: (body: Pick<AnswerBody, 'text' | 'json'>) => Promise<T>,
  ): Promise<T> {
    using limit = deadline(options, describe(operation));
    using life = either(limit.signal, transport.closing);
    const { signal } = life;
    const { repeat, ...http } = request;
    let lost: FederationError | undefined;
    const attempt = async (): Promise<() => T> => {
      try {
        const answer = await open(operation, { ...http, signal });
        const content = await failing(operation, signal, () => take(answer.body));
        return () => content;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const uncertain = !hadNoEffect(error);
        if (repeat === 'always' || !uncertain) throw error;
        if (repeat === 'guarded' && error.retryable) {
          lost = error;
          throw error;
        }
        // Thrown outside of the retry: it may be retryable in itself, but not by sending it again.
        return () => {
          throw error;
        };
      }
    };
    try {
      const result = await withRetry(attempt, {
        signal,
        ...(options.retry !== undefined && { retry: options.retry }),
        onRetry: ({ error, attempt: number }) =>
          logger?.debug(`${error.message} Trying again.`, { cluster, code: error.code, attempt: number }),
      });
      return result();
    } catch (error) {
      if (lost !== undefined && error instanceof ApiError) return take(afterLostAnswer(error, operation));
      throw error;
    }
  }

  return {
    cluster,
    logger,
    closing: transport.closing,
    open,
    text: (operation, request, options) => read(operation, request, options, (body) => body.text()),
    json: (operation, request, options) => read(operation, request, options, (body) => jsonOf(body, operation)),
  };
}

/**
 * What a repeated write with preconditions was answered after the answer to an earlier attempt was lost. A delete that
 * finds nothing has reached its aim. Anything else may come from the earlier attempt itself, which only the caller can
 * tell: the error says so, in words and in `details.answerLost`.
 */
function afterLostAnswer(error: ApiError, operation: Operation): Pick<AnswerBody, 'text' | 'json'> {
  if (operation.verb === 'DELETE' && error.code === 'NOT_FOUND')
    return { text: async () => '{}', json: async () => ({}) };
  const { code, message, status, reason, resource, cluster, retryable, retryAfterMs } = error;
  throw new ApiError(
    code,
    `${message} The answer to an earlier attempt of this call was lost, so it may have taken effect: compare what is there with what was meant.`,
    {
      cluster,
      cause: error,
      retryable,
      details: { answerLost: true },
      ...(status !== undefined && { status }),
      ...(reason !== undefined && { reason }),
      ...(resource !== undefined && { resource }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  );
}

async function jsonOf(body: Pick<AnswerBody, 'json'>, operation: Operation): Promise<unknown> {
  try {
    return await body.json();
  } catch (error) {
    if (error instanceof SyntaxError) throw senseless(operation, 'something that is no JSON');
    throw error;
  }
}

async function failing<T>(operation: Operation, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw abortError(signal);
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    throw FederationError.is(error) ? error : networkFailure(error, operation);
  }
}
