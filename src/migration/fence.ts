import { FederationError } from '../errors.ts';
import { type ConfigMap, core } from '../kube/resources.ts';
import { kubesphereNamespace } from '../kubesphere/names.ts';
import { findMade, madeBy, refOf } from '../modules/changes.ts';
import type { Operation } from '../modules/operation.ts';
import { create, edit, remove, type Work } from '../modules/work.ts';
import type { MigrationEnv } from './env.ts';

/** Where the fence stands, on the member: whoever moves it must hold it. */
const name = { namespace: kubesphereNamespace, name: 'kubesphere-federation-fence' };
const resource = core.configMaps;
const phaseField = '/data/phase';
const toldKey = 'lost';

/** Who drives: the run, which drive of it, and what its journal says is done. */
export interface Driver extends Work {
  readonly epoch: number;
  readonly state: object;
}

const pastPivot = 'past-pivot';
/** Whether the journal of this drive says that there is no way back any more. */
const hasPassed = ({ state }: Driver): boolean => 'pivot' in state;

function heldBy(member: string, { data = {} }: ConfigMap): FederationError {
  return new FederationError(
    'FENCED',
    `${member}: run ${data['run'] ?? 'unknown'} (to host ${data['target'] ?? 'unknown'}, begun ${data['since'] ?? 'unknown'}) moves this member already. Resume or roll back that run; nothing was written.`,
    { details: { run: data['run'] ?? null } },
  );
}

/** Puts the fence up: one run at a time moves a member, across machines and hosts. */
export function raiseFence({ member, target }: MigrationEnv): Operation<null, void> {
  const { connection } = member;
  return {
    async forecast({ signal, runId }) {
      const found = await connection.find(resource, name, { signal });
      if (found !== undefined && !madeBy(runId, found))
        return {
          effect: 'blocked',
          why: heldBy(member.name, found).message,
          remedy: `If that run is lost for good, see that every project of the member is owned by a live Workspace, then delete ConfigMap ${name.namespace}/${name.name} there.`,
        };
      return {
        effect: 'change',
        changes: [{ verb: 'create', resource: refOf(member.name, resource, name), before: null, after: {} }],
      };
    },
    capture: async () => null,
    async run(work) {
      member.dialect;
      const data = {
        run: work.runId,
        target: target.host.uid,
        epoch: String((work as Driver).epoch),
        phase: 'open',
        since: new Date().toISOString(),
      };
      try {
        await create(work, member, resource, { metadata: name, data });
      } catch (error) {
        const found = FederationError.is(error, 'ALREADY_EXISTS')
          ? await connection.find(resource, name, { signal: work.signal })
          : undefined;
        throw found === undefined ? error : heldBy(member.name, found);
      }
    },
    verify: async () => {},
    compensate: (work) => lowerFence(work, member),
  };
}

/**
 * Confirms that this run holds the fence, that no later drive of it took over, and that the journal is as new as the fence; raises the
 * epoch to this drive's.
 *
 * @param passed whether the fence may be past the pivot
 * @throws FederationError `FENCED` where it is gone, another's, or past a pivot of which the journal does not know; `DRIVER_LOST` where a
 * later drive is at work
 */
export async function assertFence(work: Driver, { member }: MigrationEnv, passed = hasPassed(work)): Promise<void> {
  const found = await member.connection.find(resource, name, { signal: work.signal });
  if (found === undefined)
    throw new FederationError(
      'FENCED',
      `${member.name}: the fence of run ${work.runId} is gone: somebody deleted ConfigMap ${name.namespace}/${name.name}. The run stops before it writes again. Find out who. If no other run moves this member, create that ConfigMap again with annotation kubesphere-federation/run=${work.runId}, then resume or roll back.`,
    );
  if (!madeBy(work.runId, found)) throw heldBy(member.name, found);
  if (!passed && found.data?.['phase'] === pastPivot)
    throw new FederationError(
      'FENCED',
      `${member.name}: run ${work.runId} is past its pivot, as its fence there says; this journal does not know of it, and is older than that, as a copy that somebody restored. The member belongs to the new host: nothing was written. Find the newest journal and resume the run with it.`,
    );
  const epoch = Number(found.data?.['epoch'] ?? 0);
  if (epoch > work.epoch)
    throw new FederationError(
      'DRIVER_LOST',
      `${member.name}: a later drive (epoch ${epoch}) of run ${work.runId} is at work; this one (epoch ${work.epoch}) stops.`,
    );
  if (epoch < work.epoch)
    await edit(work, { cluster: member, resource, name, uid: found.metadata.uid }, ({ data = {} }) => {
      if (Number(data['epoch']) > work.epoch)
        throw new FederationError(
          'DRIVER_LOST',
          `${member.name}: a later drive of run ${work.runId} is at work; this one stops.`,
        );
      return { type: 'merge', body: { data: { epoch: String(work.epoch) } } };
    });
}

/**
 * Those of these keys that this run has not been told of; from now on it has, for the fence notes them.
 *
 * @returns nothing where the run has no fence: it has not begun, or is over
 */
export async function untold(
  work: Pick<Driver, 'runId' | 'signal' | 'confirmDriver' | 'assertHeld'>,
  { member }: MigrationEnv,
  keys: readonly string[],
): Promise<readonly string[]> {
  const found = await member.connection.find(resource, name, { signal: work.signal });
  if (found === undefined || !madeBy(work.runId, found)) return [];
  const told = new Set((found.data?.[toldKey] ?? '').split(' '));
  const news = keys.filter((key) => !told.has(key));
  if (news.length > 0)
    await edit(work, { cluster: member, resource, name, uid: found.metadata.uid }, ({ data = {} }) => ({
      type: 'merge',
      body: { data: { [toldKey]: [data[toldKey] ?? '', ...news].join(' ').trim() } },
    }));
  return news;
}

/** Raises the fence of this run to this drive, where it has one. @throws FederationError `DRIVER_LOST`, `FENCED`: see {@link assertFence} */
export async function takeFence(work: Driver, env: MigrationEnv, passed = hasPassed(work)): Promise<void> {
  const found = await env.member.connection.find(resource, name, { signal: work.signal });
  if (found !== undefined && madeBy(work.runId, found)) await assertFence(work, env, passed);
}

/** Records on the fence that there is no way back any more. */
export function markPivot({ member }: MigrationEnv): Operation<null, void> {
  const target = { cluster: member, resource, name };
  return {
    forecast: async () => ({
      effect: 'change',
      changes: [
        {
          verb: 'update',
          resource: refOf(member.name, resource, name),
          before: { [phaseField]: 'open' },
          after: { [phaseField]: pastPivot },
        },
      ],
    }),
    capture: async () => null,
    async run(work) {
      await edit(work, target, ({ data }) =>
        data?.['phase'] === pastPivot ? undefined : { type: 'merge', body: { data: { phase: pastPivot } } },
      );
    },
    verify: async () => {},
    compensate: async () => {},
  };
}

/** Takes the fence down, this run's only. */
export async function lowerFence(work: Work, member: MigrationEnv['member']): Promise<void> {
  const target = { cluster: member, resource, name };
  const found = await findMade(work, target);
  if (found === undefined) return;
  await remove(work, { ...target, uid: found.metadata.uid, propagationPolicy: 'Background' });
}
