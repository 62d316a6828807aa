import { describe } from 'vitest';
import { oldSandboxGround } from '../grounds.ts';
import { describeLeastPrivilege, raisesShields, writesByModule } from './kit/least-privilege.ts';

for (const { module, methods } of await writesByModule()) {
  const shielding = methods.filter(raisesShields);
  if (shielding.length > 0) describe(module, () => describeLeastPrivilege(oldSandboxGround, shielding, 'webhook'));
}
