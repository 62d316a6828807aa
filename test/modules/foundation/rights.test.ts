import { describe, expect, it } from 'vitest';
import type { AccessQuestion, Connection } from '../../../src/kube/connection.ts';
import { core } from '../../../src/kube/resources.ts';
import type { KubeSphereCluster } from '../../../src/kubesphere/cluster.ts';
import { assertRights, onlyFor, toDelete } from '../../../src/modules/rights.ts';

const { signal } = new AbortController();

/** A cluster that grants what `grants` says, and the questions that it was asked. */
function granting(grants: (question: AccessQuestion) => boolean) {
  const questions: AccessQuestion[] = [];
  const allows = async (question: AccessQuestion): Promise<boolean> => {
    questions.push(question);
    return grants(question);
  };
  const connection = { allows } as unknown as Connection;
  return { cluster: { name: 'm', connection } as unknown as KubeSphereCluster, questions };
}

describe('a right to an object', () => {
  it('is had by whoever has it by its name alone', async () => {
    const { cluster } = granting(({ name }) => name === 'mine');
    const rights = toDelete(cluster, core.secrets);
    await assertRights(onlyFor('mine', rights), signal);
    await expect(assertRights(onlyFor('yours', rights), signal)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      details: { refused: ['m: delete secrets'] },
    });
  });

  it('is asked for once where it is had for all', async () => {
    const { cluster, questions } = granting(({ name }) => name === undefined);
    const rights = Array.from({ length: 100 }, (_, index) => onlyFor(`s${index}`, toDelete(cluster, core.secrets)));
    await assertRights(rights.flat(), signal);
    expect(questions).toEqual([{ verb: 'delete', resource: core.secrets }]);
  });

  it('that is missing is asked for anew: it may have been granted meanwhile', async () => {
    let granted = false;
    const { cluster } = granting(() => granted);
    const rights = toDelete(cluster, core.secrets);
    await expect(assertRights(rights, signal)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    granted = true;
    await assertRights(rights, signal);
  });
});
