import { FederationError } from '../errors.ts';
import { core, type Untyped } from '../kube/resources.ts';
import type { CallOptions } from '../types.ts';
import type { ClaimRecord, ClaimRegister } from '../workflow/claiming.ts';
import type { Clock } from '../workflow/time.ts';
import { claimName, labelsOf, type RunPlace, turnAnnotation } from './names.ts';

/** What a Lease says to people: when it was renewed, and how long it lasts. */
interface LeaseTimes {
  readonly clock: Clock;
  readonly claimMs: number;
}

/**
 * The claim of one run as a Lease. Its turn stands in an annotation and only grows; each write names the UID and resourceVersion at
 * which the turn before was seen, so of several who try at once one wins, and one who was frozen never does. Times and
 * `leaseTransitions` are for people.
 */
export function leaseClaims({ connection, namespace, runId }: RunPlace, times: LeaseTimes): ClaimRegister {
  const name = { namespace, name: claimName(runId) };
  let known: Untyped | undefined;

  const read = async (call?: CallOptions): Promise<ClaimRecord | undefined> => {
    known = await connection.find(core.leases, name, call);
    return known && recordIn(known);
  };
  const write = (record: ClaimRecord, call?: CallOptions): Promise<Untyped> => {
    const { holder } = record;
    const annotations = { [turnAnnotation]: String(record.turn) };
    const spec = specOf(times, known, holder);
    if (known === undefined)
      return connection.create(
        core.leases,
        { metadata: { ...name, labels: labelsOf(runId, 'claim'), annotations }, spec },
        call,
      );
    const { uid, resourceVersion } = known.metadata;
    const patch = { type: 'merge', body: { metadata: { annotations }, spec } } as const;
    return connection.patch(core.leases, name, patch, { ...call, uid, resourceVersion });
  };
  return {
    read,
    async write(record, call) {
      if ((known === undefined ? 0 : recordIn(known).turn) !== record.turn - 1) return false;
      try {
        known = await write(record, call);
        return true;
      } catch (error) {
        if (!FederationError.is(error, 'ALREADY_EXISTS', 'CONFLICT', 'NOT_FOUND', 'UNREACHABLE')) throw error;
        // Perhaps it is our own write, whose answer was lost: a driver's id and a turn stand together only once.
        const there = await read(call);
        if (there?.turn === record.turn && there.holder === record.holder) return true;
        if (FederationError.is(error, 'UNREACHABLE')) throw error;
        return false;
      }
    },
  };
}

function specOf(
  { clock, claimMs }: LeaseTimes,
  known: Untyped | undefined,
  holder: string | null,
): Readonly<Record<string, unknown>> {
  const now = microTime(clock.date());
  const { holderIdentity, leaseTransitions } = known?.spec ?? {};
  const taken = holder !== null && holder !== holderIdentity;
  const before = typeof leaseTransitions === 'number' ? leaseTransitions : 0;
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.max(1, Math.ceil(claimMs / 1000)),
    renewTime: now,
    ...(taken && { acquireTime: now, leaseTransitions: known === undefined ? 0 : before + 1 }),
  };
}

/** Kubernetes' MicroTime has six digits after the point. */
function microTime(iso: string): string {
  return iso.replace(/(?:\.(\d+))?Z$/, (_, digits: string = '') => `.${digits.padEnd(6, '0')}Z`);
}

function recordIn({ metadata, spec }: Untyped): ClaimRecord {
  const turn = Number(metadata.annotations?.[turnAnnotation]);
  if (!Number.isSafeInteger(turn) || turn < 1)
    throw new FederationError(
      'JOURNAL_INVALID',
      `Lease "${metadata.name}" in namespace "${metadata.namespace}" has no annotation ${turnAnnotation} that is a number: it is no claim of a run. See that nobody drives the run, then delete the Lease.`,
    );
  const holder = spec?.['holderIdentity'];
  return { turn, holder: typeof holder === 'string' && holder !== '' ? holder : null };
}
