import { core } from '../../kube/resources.ts';
import { some } from '../../modules/closure.ts';
import { shieldForm, unfindable } from '../../modules/shield.ts';
import { shieldedOf } from '../snapshot.ts';
import { defineCheck, type Finding } from './check.ts';

/** The member can bear the shield that this migration needs. */
export const checkShield = defineCheck(
  'check-shield',
  'The member can bear the shield',
  async ({ env: { member }, state: { input, snapshot }, signal }) => {
    const found: Finding[] = [];
    const block = (code: string, why: string, remedy: string): void =>
      void found.push({ code, severity: 'blocks', why, remedy });
    const adopted = snapshot.workspaces.filter(({ mode }) => mode === 'adopt');
    const rebound = snapshot.workspaces.filter(({ mode }) => mode === 'rebind');
    if (input.shield === false) {
      const own = adopted.filter(({ ownTemplate }) => ownTemplate);
      if (own.length > 0)
        block(
          'SHIELD_NEEDED',
          `${some(own.map(({ name }) => name))}: without the shield the member's own template cannot be retired without its Workspace.`,
          'Leave out shield: false, or rebind these workspaces.',
        );
      found.push({
        code: 'NO_SHIELD',
        severity: 'warns',
        why: 'The shield is off: nothing but this run keeps others from deleting a project meanwhile.',
        remedy: 'Leave out shield: false.',
      });
      return found;
    }
    const form = await shieldForm(member, signal);
    if (form === 'webhook' && adopted.length > 0 && rebound.length > 0)
      block(
        'SHIELD_MIXED',
        `${member.name} serves no ValidatingAdmissionPolicy (Kubernetes 1.30): its shield refuses to delete any Workspace, and ${some(rebound.map(({ name }) => name))} have to go.`,
        'Move the workspaces all one way: adopt all, or rebind all.',
      );
    const unfound = await unfindable(member, shieldedOf(snapshot), signal);
    if (unfound !== undefined) block('NAME_LABEL', unfound.why, unfound.remedy);
    const old = await member.connection
      .listMetadata(form === 'policy' ? core.validatingAdmissionPolicies : core.validatingWebhookConfigurations, {
        signal,
      })
      .toArray();
    const left = old.filter(({ metadata }) => metadata.name.startsWith(`kubesphere-federation-move-${member.name}`));
    if (left.length > 0)
      block(
        'OLD_SHIELD',
        `${member.name}: ${some(left.map(({ metadata }) => metadata.name))} is there from an earlier run.`,
        'Finish or roll back that run; if it is lost, check the owners of the projects and delete these objects.',
      );
    return found;
  },
);
