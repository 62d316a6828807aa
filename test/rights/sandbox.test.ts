import { describe } from 'vitest';
import { sandboxGround } from '../grounds.ts';
import { specsByModule } from '../modules/kit/all-specs.ts';
import { describeLeastPrivilege } from '../modules/kit/least-privilege.ts';
import { isRead } from '../modules/kit/method.ts';
import { sliceOf } from '../modules/kit/slice.ts';

/** So many writes of each module. */
const some = 2;

for (const { module, methods } of await specsByModule()) {
  const writes = methods.filter((spec) => !isRead(spec));
  if (writes.length > 0) describe(module, () => describeLeastPrivilege(sandboxGround, sliceOf(writes, some)));
}
