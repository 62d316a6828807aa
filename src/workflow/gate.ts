import { FederationError } from '../errors.ts';
import { digest } from '../internal/digest.ts';
import { attempted } from './attempts.ts';
import type { Gate } from './definition.ts';
import type { Drive } from './drive.ts';
import type { ShownGate } from './events.ts';
import type { Outcome } from './handle.ts';
import { plain } from './plain.ts';

/** Rule 11: goes on where what is shown now was approved; else records what is shown, and the run rests. */
export async function passGate(drive: Drive, gate: Gate): Promise<Outcome<never> | undefined> {
  const { ledger, approvals, runId } = drive.parts;
  const shown = await show(drive, gate);
  const given = approvals.filter((one) => one.gate === gate.name);
  const approval = given.find((one) => one.fingerprint === shown.fingerprint);
  if (approval !== undefined) {
    await ledger.append({ type: 'approved', gate: gate.name, by: approval.by, fingerprint: shown.fingerprint });
    return undefined;
  }
  await ledger.append({
    type: 'paused',
    why: 'approval',
    gate: gate.name,
    shown: shown.shown,
    fingerprint: shown.fingerprint,
  });
  drive.tell({ type: 'run:paused', why: 'approval', gate: shown });
  const outcome = { state: 'paused', why: 'approval', gate: shown } as const;
  const stale = given.at(-1);
  if (stale === undefined) return outcome;
  const error = new FederationError(
    'PLAN_STALE',
    `Gate "${gate.name}" of run "${runId}" shows something else than what ${stale.by} approved. Look at what it shows now, and approve that.`,
  );
  return { ...outcome, error };
}

async function show(drive: Drive, gate: Gate): Promise<ShownGate> {
  const { name, title } = gate;
  const { runId } = drive.parts;
  const { clock, graceMs } = drive.parts.tuning;
  const value = await attempted(async (signal, attempt) => gate.show?.(drive.context(signal, attempt, name)), {
    what: `What gate "${name}" shows`,
    signal: drive.parts.forward,
    clock,
    graceMs,
    timeoutMs: undefined,
    retry: undefined,
  });
  const shown = plain(value, `What gate "${name}" shows`);
  // What is approved of one run is not of another, though it shows the same.
  return { name, title, shown, fingerprint: digest({ run: runId, gate: name, shown }) };
}
