import { redact } from './internal/redact.ts';
import { brand, shownError } from './internal/shown-error.ts';
import type { Json, ResourceRef } from './types.ts';

/** What went wrong, for programs. The union is closed: a `switch` over it can be exhaustive. */
export type ErrorCode =
  /** An argument is wrong; nothing was sent. */
  | 'INVALID'
  /** The kubeconfig cannot be read or used; nothing was sent. */
  | 'KUBECONFIG_INVALID'
  /** This version or way in cannot do that; nothing was written. */
  | 'UNSUPPORTED'
  /** The cluster given as host is not one. */
  | 'NOT_A_HOST'
  /** Two clusters that have to differ are the same one. */
  | 'SAME_CLUSTER'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  /** The object changed since it was read (HTTP 409), or its UID is another one. */
  | 'CONFLICT'
  /** The credentials are not accepted (HTTP 401). */
  | 'UNAUTHENTICATED'
  /** The credentials are accepted but not allowed to do this (HTTP 403). */
  | 'FORBIDDEN'
  /** An admission policy or webhook, or validation, refused the request. */
  | 'REJECTED'
  /** A list's continuation or a watch's resourceVersion is too old (HTTP 410). */
  | 'EXPIRED'
  | 'RATE_LIMITED'
  /** The server failed (HTTP 5xx), or its answer made no sense. */
  | 'SERVER_ERROR'
  /** The server could not be reached, or the connection broke. */
  | 'UNREACHABLE'
  | 'TIMEOUT'
  | 'ABORTED'
  /** A call over many items failed for some; `details` holds every item's outcome. */
  | 'BATCH_FAILED'
  /** Something that had to be so after a write was not observed in time. */
  | 'NOT_OBSERVED'
  /** A kept project is gone, going, or no longer the one it was: the run halted at once. */
  | 'KEPT_AT_RISK'
  /** The fence on the member is held by another run or host. */
  | 'FENCED'
  | 'WORKFLOW_INVALID'
  | 'WORKFLOW_CHANGED'
  | 'ENV_CHANGED'
  | 'PLAN_BLOCKED'
  | 'PLAN_STALE'
  | 'WORLD_MOVED'
  | 'STEP_FAILED'
  | 'STEP_STUCK'
  | 'PAST_PIVOT'
  | 'RUN_EXISTS'
  | 'RUN_UNKNOWN'
  | 'JOURNAL_CONFLICT'
  | 'JOURNAL_INVALID'
  /** The journal could not be written for a cause of its own, such as a full disk; the run rests where it was last recorded. */
  | 'JOURNAL_FAILED'
  | 'DRIVER_LOST';

/** Everything of an error but its message and code. */
export interface ErrorDetails {
  /** What led to it. An error of another class is kept as a copy, redacted like the message. */
  readonly cause?: unknown;
  /** Whether trying the same again can help. @defaultValue false */
  readonly retryable?: boolean;
  /** Facts for programs; plain JSON, redacted before it is kept. */
  readonly details?: Json;
}

/**
 * The one error class. Its message says what happened, where, and what to do next.
 *
 * @example
 * ```ts
 * import { type ClusterInfo, type Federation, FederationError } from 'kubesphere-federation';
 *
 * async function clusterOrNothing(federation: Federation, name: string): Promise<ClusterInfo | undefined> {
 *   try {
 *     return await federation.clusters.get(name);
 *   } catch (error) {
 *     if (FederationError.is(error, 'NOT_FOUND')) return undefined;
 *     throw error;
 *   }
 * }
 * ```
 */
export class FederationError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name: string = 'FederationError';
  readonly code: C;
  /** Decided once, where the failure is understood; the retry policy only reads it. */
  readonly retryable: boolean;
  readonly details: Json;

  constructor(code: C, message: string, { cause, retryable = false, details = null }: ErrorDetails = {}) {
    super(redact(message), cause === undefined ? undefined : { cause: shownError(cause) });
    this.code = code;
    this.retryable = retryable;
    this.details = redact(details);
    Object.defineProperty(this, brand, { value: true });
  }

  /** Whether `error` is ours, and one of `codes` if any are given. Holds across two copies of this package. */
  static is<const C extends ErrorCode = ErrorCode>(
    error: unknown,
    ...codes: readonly C[]
  ): error is FederationError<C> {
    if (typeof error !== 'object' || error === null || !(brand in error)) return false;
    return codes.length === 0 || codes.includes((error as unknown as FederationError<C>).code);
  }

  /** Plain data without stack and cause: what journals, reports and logs may keep. */
  toJSON(): Json {
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      details: this.details,
    };
  }
}

/** What an API server, or the way to it, answered. */
export interface ApiFailure extends ErrorDetails {
  /** HTTP status; absent where no answer came. */
  readonly status?: number;
  /** `reason` of the Kubernetes Status object. */
  readonly reason?: string;
  readonly cluster: string;
  readonly resource?: ResourceRef;
  /** What the server asked to wait (`Retry-After`). */
  readonly retryAfterMs?: number;
}

/** A failed request to one cluster's API server. */
export class ApiError<C extends ErrorCode = ErrorCode> extends FederationError<C> {
  override readonly name: string = 'ApiError';
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly cluster: string;
  readonly resource: ResourceRef | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: C, message: string, failure: ApiFailure) {
    super(code, message, failure);
    this.status = failure.status;
    this.reason = failure.reason;
    this.cluster = failure.cluster;
    this.resource = failure.resource;
    this.retryAfterMs = failure.retryAfterMs;
  }

  override toJSON(): Json {
    return {
      ...(super.toJSON() as object),
      status: this.status ?? null,
      reason: this.reason ?? null,
      cluster: this.cluster,
      resource: this.resource === undefined ? null : { ...this.resource },
    };
  }
}
