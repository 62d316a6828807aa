import { describe, expect, it } from 'vitest';
import { chance } from '../../../src/testing/chance.ts';
import { isClusterFault } from '../../../src/testing/faults/rule.ts';
import { Strikes } from '../../../src/testing/faults/strikes.ts';
import type { Fault, InterceptedRequest, RequestFault } from '../../../src/testing/index.ts';

const patch: InterceptedRequest = {
  verb: 'patch',
  resource: 'namespaces',
  subresource: undefined,
  name: 'team-a-001',
  namespace: 'team-a-001',
  user: 'kubernetes-admin',
  manager: 'kubesphere-federation',
};

/** Which of these requests are struck, by their place. */
function struck(rule: Omit<RequestFault, 'fault'>, requests: readonly InterceptedRequest[], seed = 1): number[] {
  const strikes = new Strikes({ ...rule, fault: 'reset-after' }, chance(seed));
  return requests.flatMap((request, index) => (strikes.strike('m', request) === undefined ? [] : [index + 1]));
}

const many = (count: number, request = patch): InterceptedRequest[] => Array.from({ length: count }, () => request);

describe('a rule', () => {
  it('is about the requests that have everything it names', () => {
    const others: Partial<InterceptedRequest>[] = [
      {},
      { verb: 'get' },
      { resource: 'users.iam.kubesphere.io' },
      { subresource: 'status' },
      { name: 'b', namespace: 'b' },
      { user: 'else' },
      { manager: 'else' },
    ];
    const requests = others.map((other) => ({ ...patch, ...other }));
    expect(struck({ cluster: 'm' }, requests)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(struck({ cluster: 'a' }, requests)).toEqual([]);
    expect(struck({ verb: ['patch', 'update'] }, requests)).toEqual([1, 3, 4, 5, 6, 7]);
    expect(struck({ resource: 'namespaces' }, requests)).toEqual([1, 2, 4, 5, 6, 7]);
    expect(struck({ resource: '*.kubesphere.io' }, requests)).toEqual([3]);
    expect(struck({ subresource: 'status' }, requests)).toEqual([4]);
    expect(struck({ subresource: '' }, requests)).toEqual([1, 2, 3, 5, 6, 7]);
    expect(struck({ name: 'team-a-*' }, requests)).toEqual([1, 2, 3, 4, 6, 7]);
    expect(struck({ namespace: 'b' }, requests)).toEqual([5]);
    expect(struck({ user: 'else' }, requests)).toEqual([6]);
    expect(struck({ manager: 'else', verb: 'patch' }, requests)).toEqual([7]);
  });

  it('counts only requests that can have its fault', () => {
    const verbs = ['get', 'list', 'watch', 'patch'];
    const strikes = (fault: Fault): string[] => {
      const one = new Strikes({ fault }, chance(1));
      return verbs.filter((verb) => one.strike('m', { ...patch, verb }) !== undefined);
    };
    expect(strikes({ staleBy: 1 })).toEqual(['get', 'list']);
    expect(strikes({ dropEvents: 1 })).toEqual(['watch']);
    expect(strikes({ status: 500 })).toEqual(verbs);
  });

  it('strikes the third only, from the third on so often, or so often at most', () => {
    expect(struck({}, many(3))).toEqual([1, 2, 3]);
    expect(struck({ nth: 3 }, many(6))).toEqual([3]);
    expect(struck({ nth: 3, times: 2 }, many(6))).toEqual([3, 4]);
    expect(struck({ times: 2 }, many(6))).toEqual([1, 2]);
    const mixed = [{ ...patch, verb: 'get' }, ...many(2), { ...patch, verb: 'get' }, patch];
    expect(struck({ verb: 'patch', nth: 3 }, mixed)).toEqual([5]);
  });

  it('strikes by chance: the same seed the same requests, another seed others, and about as many as it says', () => {
    const first = struck({ probability: 0.2 }, many(1000));
    expect(struck({ probability: 0.2 }, many(1000))).toEqual(first);
    expect(struck({ probability: 0.2 }, many(1000), 2)).not.toEqual(first);
    expect(first.length).toBeGreaterThan(150);
    expect(first.length).toBeLessThan(250);
    expect(struck({ probability: 0 }, many(100))).toEqual([]);
    expect(struck({ probability: 1, times: 3 }, many(100))).toEqual([1, 2, 3]);
  });

  it.for([{ nth: 0 }, { nth: 1.5 }, { times: 0 }, { probability: 2 }, { probability: Number.NaN }])(
    'with %o is refused',
    (wrong) => {
      expect(() => struck(wrong, [])).toThrow(expect.objectContaining({ code: 'INVALID' }));
    },
  );

  it('is plain JSON, of requests or of a cluster', () => {
    const rules = [
      { cluster: 'm', fault: 'unreachable' },
      { cluster: 'm', fault: 'certificate-expired' },
      { cluster: 'm', fault: { skewMs: -5000 } },
      { cluster: 'm', fault: { controller: 'namespace', down: true } },
      { cluster: 'm', verb: 'patch', nth: 3, fault: { staleBy: 1 } },
      { probability: 0.05, fault: 'reset-after' },
    ] as const;
    expect(JSON.parse(JSON.stringify(rules))).toEqual(rules);
    expect(rules.map(isClusterFault)).toEqual([true, true, true, true, false, false]);
  });
});
