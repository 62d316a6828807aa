import { describe } from 'vitest';
import { specsByModule } from '../modules/kit/all-specs.ts';
import { describeLeastPrivilege } from '../modules/kit/least-privilege.ts';
import { realGround } from './ground.ts';

for (const { module, methods } of await specsByModule())
  describe(module, () => describeLeastPrivilege(realGround, methods));
