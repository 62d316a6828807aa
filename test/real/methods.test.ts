import { describe } from 'vitest';
import { specsByModule } from '../modules/kit/all-specs.ts';
import { describeMethods } from '../modules/kit/method.ts';
import { sliceOf } from '../modules/kit/slice.ts';
import { realGround } from './ground.ts';

/** So many of each module are a slice. */
const some = 1;

for (const { module, methods } of await specsByModule())
  describe(module, () => describeMethods(realGround, sliceOf(methods, some)));
