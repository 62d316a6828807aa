import type { FoundObject } from '../../modules/found.ts';
import type { Operation } from '../../modules/operation.ts';
import { assertNothingDoomed, markedProjects } from '../../modules/placement/doomed.ts';
import { assertSafeToLift, lowerShield, type Raised, raiseShield, type Shielded } from '../../modules/shield.ts';
import { kindsOf } from '../../modules/shield-forms.ts';
import { defineStep } from '../../workflow/step.ts';
import type { MigrationEnv } from '../env.ts';
import { type Snapshot, shieldedOf } from '../snapshot.ts';
import { type Surveyed, tellLost, writes } from '../writing.ts';
import { look } from './verify.ts';

/** Steps that write anything of what the shield keeps, or let somebody else write it. */
export const everyWrite = [
  'create-workspaces',
  'place-adopted',
  'park-source',
  'detach',
  'shut-out',
  'release',
  'park-member',
  'member-settings',
  'detach-apps',
  'unbind',
  'clear',
  'arrivals',
  'import',
  'place-rebound',
  'bind',
] as const;

/** What stands under the shield of this run: every kept project, and every Workspace that is adopted in place. */
function shieldedBy(snapshot: Snapshot, { member }: MigrationEnv): Shielded {
  return {
    id: `move-${member.name}`,
    namespaces: shieldedOf(snapshot),
    workspaces: snapshot.workspaces.filter(({ mode }) => mode === 'adopt').map(({ name }) => name),
  };
}

/** A shield that the caller did without: nothing to do, and nothing to undo. */
const without: Operation<Raised, Raised> = {
  forecast: async () => ({ effect: 'none', why: 'the input says shield: false', out: { form: null } }),
  capture: async () => ({ form: null }),
  run: async (_work, before) => before,
  verify: async () => {},
  compensate: async () => {},
};

/** The old host has the member again before the shield comes down, and may have changed its placements since: kubefed tries again and again. */
function withLastLook(shielded: Shielded, { source, member }: MigrationEnv): Operation<Raised, Raised> {
  const raising = raiseShield(member, shielded);
  const isShielded = ({ kind, name }: FoundObject): boolean =>
    (kind === 'Namespace' ? shielded.namespaces : shielded.workspaces).includes(name);
  return {
    ...raising,
    // What the look takes is asked for with the detachment.
    async compensate(work, before, out) {
      if (source !== undefined && before.form !== null)
        await assertNothingDoomed({ host: source.host, cluster: member.name }, member, work.signal, {
          read: async (at, signal) => (await markedProjects.read(at, signal)).filter(isShielded),
        });
      await raising.compensate(work, before, out);
    },
  };
}

const raising = writes<Surveyed, Raised, Raised>(({ state, env }) =>
  state.snapshot === undefined
    ? undefined
    : state.input.shield === false
      ? without
      : withLastLook(shieldedBy(state.snapshot, env), env),
);

/** From here on the member's API server refuses to delete what is kept, whoever asks. */
export const shieldUp = defineStep<Surveyed, MigrationEnv>()({
  name: 'shield-up',
  title: 'Shield up: the member refuses to delete any kept project',
  ...raising,
  // A run without a shield tells it when its fence goes.
  compensate: async (ctx) => {
    await tellLost(ctx);
    await raising.compensate(ctx);
  },
  remedy:
    'Clear the residue of the other steps first. If no run will: take the owner references that are gone off the kept projects, then delete the ValidatingAdmissionPolicies and bindings named kubesphere-federation-move-… on the member.',
  // The last but one to go: while anything is not as it was, nobody may delete what is kept.
  undoNeeds: everyWrite,
});

interface ShieldRaised extends Surveyed {
  readonly 'shield-up': Raised;
}

/** The shield comes down only when everything is as promised still, and no kept project has an owner that is gone or going. */
export const shieldDown = defineStep<ShieldRaised, MigrationEnv>()({
  name: 'shield-down',
  title: 'Shield down',
  irreversible: 'the projects belong to the new host',
  ...writes<ShieldRaised, null, void>(({ state, env }) => {
    const form = state['shield-up']?.form;
    const { input, snapshot } = state;
    if (snapshot === undefined || form === undefined) return undefined;
    const shielded = shieldedBy(snapshot, env);
    return {
      forecast: async () =>
        form === null
          ? { effect: 'none', why: 'there is none', out: undefined }
          : {
              effect: 'unknown',
              why: 'the objects of the shield go',
              touches: kindsOf(form, shielded).map((kind) => ({ verb: 'delete', kind })),
            },
      capture: async () => null,
      async run(work) {
        if (form === null) return;
        await look({ state: { ...state, input, snapshot }, env, signal: work.signal });
        await assertSafeToLift(work, env.member, shielded.namespaces);
        await lowerShield(work, env.member, { ...shielded, form }, work.runId);
      },
      verify: async () => {},
      compensate: async () => {},
    };
  }),
  retry: { retries: 5, minDelayMs: 1_000 },
});
