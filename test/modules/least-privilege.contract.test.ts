import { describe } from 'vitest';
import { sandboxGround } from '../grounds.ts';
import { specsByModule } from './kit/all-specs.ts';
import { describeLeastPrivilege } from './kit/least-privilege.ts';
import { isRead } from './kit/method.ts';

for (const { module, methods } of await specsByModule()) {
  const writes = methods.filter((spec) => !isRead(spec));
  if (writes.length > 0) describe(module, () => describeLeastPrivilege(sandboxGround, writes));
}
