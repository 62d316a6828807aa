import { FederationError } from '../../errors.ts';
import { chance } from '../chance.ts';
import type { Gate } from '../gate.ts';
import { inTurn } from '../in-turn.ts';
import type { ApiServer } from '../server/server.ts';
import { checkRequestFault } from './check.ts';
import { type ClusterFault, type FaultRule, isClusterFault, isOneOf, type OneOf, type RequestFault } from './rule.ts';
import { isAbout, Strikes } from './strikes.ts';

/** A fault that is in force. Disposing it lifts it. */
export interface AddedFault extends AsyncDisposable {
  readonly rule: FaultRule;
  /** How many requests were struck so far; of a cluster's fault 0. */
  readonly struck: number;
  /** Ends it; what it holds up goes on. */
  lift(): Promise<void>;
}

/** Faults of a sandbox. */
export interface Faults {
  /**
   * Puts a fault into force. Where it names a verb, watches that it is about, and that are open already, are ended, so that they come
   * back under it.
   *
   * @throws FederationError `INVALID` for a cluster, controller, resource or verb that there is not, and for no known fault
   */
  add(rule: FaultRule): Promise<AddedFault>;
  /** Lifts all that are in force. */
  clear(): Promise<void>;
}

/** What a fault of a cluster acts upon. */
export interface FaultTarget
  extends Pick<
    ApiServer,
    'name' | 'served' | 'intercept' | 'endWatches' | 'suspend' | 'restore' | 'skew' | 'renewCertificate'
  > {
  readonly gate: Gate;
}

/** Faults of these clusters. The same seed and the same order of requests make the same faults. */
export function faultsOf(targets: readonly FaultTarget[], seed: number): Faults {
  const inForce = new Set<AddedFault>();
  const unreachable = new Held();
  const expired = new Held();
  const skews = new Map<string, number>();
  let added = 0;

  const named = (wanted: OneOf | undefined): readonly FaultTarget[] => {
    const found = targets.filter(({ name }) => isOneOf(wanted, name));
    if (found.length > 0) return found;
    throw new FederationError(
      'INVALID',
      `A fault is about cluster ${JSON.stringify(wanted)}, but the sandbox has only ${targets.map(({ name }) => name).join(', ')}.`,
    );
  };

  async function onCluster(target: FaultTarget, fault: ClusterFault['fault']): Promise<() => Promise<void>> {
    const { name, gate } = target;
    if (fault === 'unreachable')
      return unreachable.hold(
        name,
        () => target.suspend(),
        () => target.restore(),
      );
    if (fault === 'certificate-expired')
      return expired.hold(
        name,
        () => target.renewCertificate({ validForMs: -1 }),
        () => target.renewCertificate(),
      );
    if ('skewMs' in fault) {
      const by = (ms: number): void => {
        skews.set(name, (skews.get(name) ?? 0) + ms);
        target.skew(skews.get(name) ?? 0);
      };
      by(fault.skewMs);
      return async () => by(-fault.skewMs);
    }
    const matches = (controller: string): boolean => isOneOf(fault.controller, controller);
    if (!gate.names.some(matches))
      throw new FederationError(
        'INVALID',
        `Cluster ${name} runs no controller ${JSON.stringify(fault.controller)}; it runs ${gate.names.join(', ')}.`,
      );
    const lift = gate.hinder(matches, 'slowMs' in fault ? fault.slowMs : undefined);
    return async () => lift();
  }

  function onRequests(rule: RequestFault): { strikes: Strikes; lift: () => Promise<void> } {
    const strikes = new Strikes(rule, chance(seed * 1_000_003 + added));
    const about = named(rule.cluster);
    checkRequestFault(rule, new Set(about.flatMap((target) => target.served())));
    const lifts = about.map((target) => target.intercept((request) => strikes.strike(target.name, request)));
    for (const target of about)
      target.endWatches((request) => rule.verb !== undefined && isAbout(rule, target.name, request));
    return {
      strikes,
      async lift() {
        for (const lift of lifts) lift();
      },
    };
  }

  return {
    async add(rule) {
      added += 1;
      let strikes: Strikes | undefined;
      const lifts: (() => Promise<void>)[] = [];
      const liftAll = (): Promise<void> => inTurn(lifts.splice(0), 'A fault was lifted, but not all of it ended well.');
      if (isClusterFault(rule)) {
        try {
          for (const target of named(rule.cluster)) lifts.push(await onCluster(target, rule.fault));
        } catch (error) {
          await liftAll();
          throw error;
        }
      } else {
        const striking = onRequests(rule);
        strikes = striking.strikes;
        lifts.push(striking.lift);
      }
      const lift = async (): Promise<void> => {
        inForce.delete(fault);
        await liftAll();
      };
      const fault: AddedFault = {
        rule,
        get struck() {
          return strikes?.struck ?? 0;
        },
        lift,
        [Symbol.asyncDispose]: lift,
      };
      inForce.add(fault);
      return fault;
    },
    async clear() {
      const lifts = [...inForce].map(({ lift }) => lift);
      await inTurn(lifts, 'All faults were lifted, but not all ended well.');
    },
  };
}

/** What several may ask for at once, and only the last one ends. */
class Held {
  readonly #holders = new Map<string, number>();

  async hold(name: string, begin: () => Promise<void>, end: () => Promise<void>): Promise<() => Promise<void>> {
    const holders = this.#holders.get(name) ?? 0;
    this.#holders.set(name, holders + 1);
    try {
      if (holders === 0) await begin();
    } catch (error) {
      this.#release(name);
      throw error;
    }
    return async () => {
      if (this.#release(name) === 0) await end();
    };
  }

  #release(name: string): number {
    const left = (this.#holders.get(name) ?? 1) - 1;
    this.#holders.set(name, left);
    return left;
  }
}
