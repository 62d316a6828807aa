import { describe } from 'vitest';
import { specsByModule } from '../modules/kit/all-specs.ts';
import { describeMethods } from '../modules/kit/method.ts';
import { realGround } from './ground.ts';

for (const { module, methods } of await specsByModule()) describe(module, () => describeMethods(realGround, methods));
