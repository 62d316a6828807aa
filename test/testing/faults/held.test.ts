import { expect, it } from 'vitest';
import { faultsOf } from '../../../src/testing/faults/faults.ts';
import { Gate } from '../../../src/testing/gate.ts';

it('a fault that could not begin does not count: the next one begins it', async () => {
  const done: string[] = [];
  let suspends = 0;
  const nothing = async (): Promise<void> => {};
  const faults = faultsOf(
    [
      {
        name: 'm',
        gate: new Gate(),
        served: () => [],
        intercept: () => () => {},
        endWatches() {},
        skew() {},
        renewCertificate: nothing,
        async suspend() {
          suspends += 1;
          if (suspends === 1) throw new Error('not now');
          done.push('suspended');
        },
        restore: async () => void done.push('restored'),
      },
    ],
    1,
  );
  const unreachable = { cluster: 'm', fault: 'unreachable' } as const;
  await expect(faults.add(unreachable)).rejects.toThrow('not now');
  const second = await faults.add(unreachable);
  const third = await faults.add(unreachable);
  await second.lift();
  expect(done).toEqual(['suspended']);
  await third.lift();
  expect(done).toEqual(['suspended', 'restored']);
});
