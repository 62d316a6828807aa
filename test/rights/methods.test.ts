import { describe } from 'vitest';
import { specsByModule } from '../modules/kit/all-specs.ts';
import { describeMethods } from '../modules/kit/method.ts';
import { sliceOf } from '../modules/kit/slice.ts';
import { realGround } from '../real/ground.ts';

/** So many of each module: all of them take an hour. */
const some = 2;

for (const { module, methods } of await specsByModule())
  describe(module, () => describeMethods(realGround, sliceOf(methods, some)));
