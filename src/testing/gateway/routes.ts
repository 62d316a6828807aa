import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from '../server/answer.ts';
import type { User } from '../server/call.ts';
import { segmentsOf } from '../server/target.ts';
import type { GatewayContext } from './context.ts';
import { plainAnswer, Refusal } from './refusal.ts';

/** A request that reached its route. */
export interface RoutedRequest {
  readonly user: User;
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** What the pattern's `{names}` stand for. */
  readonly at: (name: string) => string;
}

/** One thing that ks-apiserver answers itself. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with `{names}`. */
  readonly pattern: string;
  /** Content types taken; another one is 415. @defaultValue all */
  readonly consumes?: readonly string[];
  readonly handle: (gate: GatewayContext, request: RoutedRequest) => Promise<Answer>;
  /** The status that clients see for a refusal of this status: ks-apiserver's handlers differ in that. @defaultValue the same */
  readonly failure?: (status: number) => number;
}

/** Statuses that pass as they are; every other one is told as `otherwise`. */
export function only(otherwise: number, ...kept: readonly number[]): (status: number) => number {
  return (status) => (kept.includes(status) ? status : otherwise);
}

/** What patches are sent as. */
export const patchTypes: readonly string[] = [
  'application/json',
  'application/merge-patch+json',
  'application/json-patch+json',
];

/** Finds the route of a request and answers by it. */
export type Router = (gate: GatewayContext, request: Omit<RoutedRequest, 'at'>) => Promise<Answer>;

/** A router over a table of routes, which answers like go-restful where none fits. */
export function createRouter(routes: readonly Route[]): Router {
  const table = routes.map((route) => ({ route, segments: route.pattern.split('/').slice(1) }));
  return async (gate, request) => {
    const segments = segmentsOf(request.path);
    const fitting = table.filter((entry) => fits(entry.segments, segments)).sort(bySpecificity);
    if (fitting.length === 0) return plainAnswer(404, '404: Page Not Found');
    const entry = fitting.find(({ route }) => route.method === request.method);
    if (entry === undefined) return plainAnswer(405, '405: Method Not Allowed');
    const { route } = entry;
    if (!consumable(route, request.headers)) return plainAnswer(415, '415: Unsupported Media Type');
    const at = (name: string): string => segments[entry.segments.indexOf(`{${name}}`)] ?? '';
    try {
      return await route.handle(gate, { ...request, at });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return plainAnswer(route.failure?.(error.status) ?? error.status, error.message);
    }
  };
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) => part.startsWith('{') || part === segments[index])
  );
}

/** Fewer names first: what is spelled out wins. */
function bySpecificity(one: { readonly segments: readonly string[] }, other: typeof one): number {
  const names = ({ segments }: typeof one): number => segments.filter((part) => part.startsWith('{')).length;
  return names(one) - names(other);
}

function consumable({ consumes }: Route, headers: IncomingHttpHeaders): boolean {
  const type = headers['content-type']?.split(';')[0]?.trim() ?? '';
  return consumes === undefined || consumes.includes(type);
}
