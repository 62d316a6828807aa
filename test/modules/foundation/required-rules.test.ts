import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../../src/kube/resources.ts';
import { requiredRules } from '../../../src/modules/required-rules.ts';

const group = 'admissionregistration.k8s.io';
const kinds = ['validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'validatingwebhookconfigurations'];

/** The verbs for what shields are made of, by kind. */
const ofShields = (rules: readonly PolicyRule[]) =>
  Object.fromEntries(
    rules.flatMap(({ apiGroups, resources = [], verbs }) =>
      apiGroups?.[0] === group ? [[resources[0] ?? '', verbs]] : [],
    ),
  );
const [policies, bindings, webhooks] = kinds as [string, string, string];

describe('the rules of a method that raises a shield', () => {
  it('are enough on any Kubernetes, unless one says which it is', () => {
    const verbs = ['create', 'get'];
    const rules = (shield?: 'policy' | 'webhook') =>
      ofShields(requiredRules(['namespaces.protect'], shield === undefined ? {} : { shield }).members);
    expect(rules('policy')).toEqual({ [policies]: verbs, [bindings]: verbs });
    expect(rules('webhook')).toEqual({ [webhooks]: verbs });
    expect(rules()).toEqual({ [policies]: verbs, [bindings]: verbs, [webhooks]: verbs });
  });

  it('hold on every side that has a shield: the host has one of its own copy', () => {
    const { host } = requiredRules(['namespaces.deleteFederated'], { shield: 'webhook' });
    expect(ofShields(host)).toEqual({ [webhooks]: ['create', 'delete', 'get', 'patch'] });
  });

  it('are asked for with a form that there is, and no other option', () => {
    expect(() => requiredRules(['namespaces.protect'], { shield: 'admission' as never })).toThrow(
      expect.objectContaining({ code: 'INVALID', details: { field: 'shield' } }),
    );
    expect(() => requiredRules(['namespaces.protect'], { kubernetes: '1.29' } as never)).toThrow(
      expect.objectContaining({ code: 'INVALID', details: { field: 'kubernetes' } }),
    );
    expect(() => requiredRules(['namespaces.guard' as never])).toThrow(/methods\[0\]/);
  });
});
