import { describe } from 'vitest';
import { sandboxGround } from '../grounds.ts';
import { specsByModule } from './kit/all-specs.ts';
import { describeLeastPrivilege } from './kit/least-privilege.ts';

for (const { module, methods } of await specsByModule())
  describe(module, () => describeLeastPrivilege(sandboxGround, methods));
