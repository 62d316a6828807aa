import { FederationError } from '../../errors.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import { retireTemplate } from '../../modules/operations/remove-workspace.ts';
import type { Work } from '../../modules/work.ts';
import { defineItemStep, type Foreseen, type StepContext } from '../../workflow/step.ts';
import type { MigrationEnv } from '../env.ts';
import { foreseeAllowed, type Surveyed, writesEach } from '../writing.ts';

type Planning = StepContext<Foreseen<Surveyed>, MigrationEnv>;
interface Retiring {
  readonly name: string;
  readonly uid: string;
}

/** The member must refuse to delete this very Workspace, or its template's deletion would take it along. */
const refusal =
  ({ member }: MigrationEnv, { name, uid }: Retiring) =>
  async ({ signal }: Work): Promise<void> => {
    try {
      await member.connection.delete(
        kubesphere.workspaces,
        { name },
        { uid, propagationPolicy: 'Orphan', dryRun: true, signal },
      );
    } catch (error) {
      if (FederationError.is(error, 'REJECTED')) return;
      throw error;
    }
    throw new FederationError(
      'KEPT_AT_RISK',
      `${member.name}: the shield does not hold Workspace "${name}"; its template was not deleted. Find out who took the shield down, put one up again (federation.namespaces.protect({ cluster: '${member.name}', names: […], workspaces: ['${name}'] })), then resume.`,
    );
  };

const retiring = ({ env }: { readonly env: MigrationEnv }, item: Retiring) =>
  retireTemplate(env.member, item.name, item.uid, refusal(env, item));

/** The member's own templates go: left there, they would fight the new host over every workspace (2.3). */
export const retire = defineItemStep<Surveyed, MigrationEnv>()({
  name: 'retire',
  title: "Retire the member's own templates of adopted workspaces",
  items: async (ctx: Planning) =>
    Promise.all(
      (ctx.state.snapshot?.workspaces ?? [])
        .filter(({ mode, ownTemplate }) => mode === 'adopt' && ownTemplate)
        .map(async ({ name, uid }) => ({
          key: name,
          item: { name, uid },
          forecast: await foreseeAllowed(retiring(ctx, { name, uid }), ctx, { undone: false }),
        })),
    ),
  ...withoutUndo(writesEach<Surveyed, Retiring, null>(retiring)),
  irreversible: 'the new host has the workspaces by now',
  concurrency: 1,
});

function withoutUndo<T extends { readonly compensate: unknown }>({
  compensate: _compensate,
  ...rest
}: T): Omit<T, 'compensate'> {
  return rest;
}
