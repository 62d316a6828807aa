import { ApiError, type ErrorCode } from '../../src/errors.ts';
import { connectCluster } from '../../src/kube/connect.ts';
import type { Connection } from '../../src/kube/connection.ts';
import type { Logger } from '../../src/types.ts';

/** Parts of a kubeconfig with one context, as kubectl spells them. */
export interface KubeconfigParts {
  readonly server: string;
  readonly cluster?: object;
  readonly user?: object;
}

/** Kubeconfig text (JSON is YAML) with the context `it` of cluster `m` and user `u`. */
export function kubeconfigText({ server, cluster = {}, user = { token: 't0k' } }: KubeconfigParts): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'it',
    clusters: [{ name: 'm', cluster: { server, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'it', context: { cluster: 'm', user: 'u' } }],
  });
}

/** A connection to `server` that tells nobody what it does. */
export function connect(parts: KubeconfigParts | string, logger?: Logger): Promise<Connection> {
  const kubeconfig = kubeconfigText(typeof parts === 'string' ? { server: parts } : parts);
  return connectCluster({ kubeconfig, ...(logger !== undefined && { logger }) });
}

/** What a namespace looks like on the wire. */
export function namespace(name: string, resourceVersion = '1', uid = `uid-${name}`) {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, uid, resourceVersion } };
}

/** The body of an error answer. */
export function status(code: number, reason: string, message: string, details: object = {}) {
  return { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message, details };
}

/** The error that `promise` rejects with; fails where it resolves. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { readonly code?: ErrorCode }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error('rejected with something that is no Error', { cause: error });
  }
  throw new Error('did not reject');
}

/** Like {@link failureOf}, of an {@link ApiError}. */
export async function apiFailureOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await failureOf(promise);
  if (error instanceof ApiError) return error;
  throw error;
}

/** Fast repeats, for tests that want to see them. */
export const quickly = { retry: { minDelayMs: 1, maxDelayMs: 2 } } as const;
