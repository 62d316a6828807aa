import { defineItemStep } from '../../workflow/step.ts';
import { clusterByName, type FederationEnv } from '../env.ts';
import { composeMethod } from '../method.ts';
import { type BindingBefore, type BindingRef, giveProjectRole, takeProjectRole } from '../operations/project-role.ts';
import { type Known, operatesOnEach } from '../steps.ts';

/** Input of the run that changes a user's roles in a project: the role to give, or none; and the bindings to take. */
export type RoleChange = {
  readonly cluster: string;
  readonly namespace: string;
  readonly user: string;
  readonly role: string | null;
  readonly former: readonly BindingRef[];
};

interface State {
  readonly input: RoleChange;
}
const at = ({ env, state: { input }, signal }: Known<State>) => clusterByName(env)(input.cluster, { signal });

/** The new role first: between the two writes somebody has both, and never none. */
const give = defineItemStep<State, FederationEnv>()({
  name: 'give',
  title: 'Give the user the new role',
  ...operatesOnEach<State, string, null>(
    async ({ state: { input } }: Known<State>) => (input.role === null ? [] : [{ key: input.role, item: input.role }]),
    async (known, role) => {
      const { namespace, user } = known.state.input;
      return giveProjectRole(await at(known), { namespace, user, role });
    },
  ),
  remedy: 'Delete the RoleBinding that was made.',
});

const take = defineItemStep<State, FederationEnv>()({
  name: 'take',
  title: 'Take the former roles from the user',
  ...operatesOnEach<State, BindingRef, BindingBefore>(
    async ({ state: { input } }: Known<State>) => input.former.map((item) => ({ key: item.name, item })),
    async (known, binding) => takeProjectRole(await at(known), binding),
  ),
  remedy: 'Make the RoleBinding again.',
});

/** A user's roles in a project change. */
export const changeRoles = composeMethod<RoleChange>('namespaces.roles')
  .each(give)
  .each(take)
  .returns(() => undefined);
