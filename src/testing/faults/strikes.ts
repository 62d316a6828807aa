import { FederationError } from '../../errors.ts';
import type { Fault, InterceptedRequest } from '../server/intercept.ts';
import { isOneOf, type RequestFault } from './rule.ts';

const fields = ['verb', 'resource', 'subresource', 'name', 'namespace', 'user', 'manager'] as const;

/** Whether `rule` is about this request, and its fault one that such a request can have. */
export function isAbout(rule: RequestFault, cluster: string, request: InterceptedRequest): boolean {
  return (
    isOneOf(rule.cluster, cluster) &&
    fields.every((field) => isOneOf(rule[field], request[field])) &&
    isOneOf(verbsOf(rule.fault), request.verb)
  );
}

/** Verbs of the requests that can have a fault; `undefined` where all can. */
export function verbsOf(fault: Fault): readonly string[] | undefined {
  if (typeof fault !== 'object') return undefined;
  if ('staleBy' in fault) return ['get', 'list'];
  return 'dropEvents' in fault ? ['watch'] : undefined;
}

/** Counts the requests that a rule is about, over all clusters, and says which are struck. */
export class Strikes {
  readonly rule: RequestFault;
  readonly #random: () => number;
  #seen = 0;
  #struck = 0;

  /** @throws FederationError `INVALID` for numbers that make no sense */
  constructor(rule: RequestFault, random: () => number) {
    this.rule = rule;
    this.#random = random;
    const { nth = 1, times = 1, probability = 1 } = rule;
    if (!Number.isInteger(nth) || nth < 1 || !Number.isInteger(times) || times < 1)
      throw new FederationError('INVALID', `A fault has nth ${nth} and times ${times}: give whole numbers from 1 on.`);
    if (!(probability >= 0 && probability <= 1))
      throw new FederationError('INVALID', `A fault has probability ${probability}: give a number from 0 to 1.`);
  }

  /** How many requests were struck. */
  get struck(): number {
    return this.#struck;
  }

  /** Takes a request in. */
  strike(cluster: string, request: InterceptedRequest): Fault | undefined {
    const { nth, times = nth === undefined ? Number.POSITIVE_INFINITY : 1, probability, fault } = this.rule;
    if (!isAbout(this.rule, cluster, request)) return undefined;
    this.#seen += 1;
    if (this.#seen < (nth ?? 1) || this.#struck >= times) return undefined;
    if (probability !== undefined && this.#random() >= probability) return undefined;
    this.#struck += 1;
    return fault;
  }
}
