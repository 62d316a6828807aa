import { describe } from 'vitest';
import { sandboxGround } from '../grounds.ts';
import { describeLeastPrivilege, writesByModule } from './kit/least-privilege.ts';

for (const { module, methods } of await writesByModule())
  describe(module, () => describeLeastPrivilege(sandboxGround, methods, 'policy'));
