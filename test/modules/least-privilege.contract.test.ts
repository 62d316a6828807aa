import { describe } from 'vitest';
import { sandboxGround } from '../grounds.ts';
import { specsByModule } from './kit/all-specs.ts';
import { describeLeastPrivilege } from './kit/least-privilege.ts';
import { isRead } from './kit/method.ts';
import { sliceOf } from './kit/slice.ts';

/** So many writes of each module. */
const some = 3;

for (const { module, methods } of await specsByModule()) {
  const writes = methods.filter((spec) => !isRead(spec));
  if (writes.length > 0) describe(module, () => describeLeastPrivilege(sandboxGround, sliceOf(writes, some)));
}
