import { describe } from 'vitest';
import { describeLeastPrivilege, writesByModule } from '../modules/kit/least-privilege.ts';
import { sliceOf } from '../modules/kit/slice.ts';
import { realGround } from './ground.ts';

/** So many writes of each module are a slice. */
const some = 1;

for (const { module, methods } of await writesByModule())
  describe(module, () => describeLeastPrivilege(realGround, sliceOf(methods, some), 'policy'));
