import { describe } from 'vitest';
import { specsByModule } from '../modules/kit/all-specs.ts';
import { describeLeastPrivilege } from '../modules/kit/least-privilege.ts';
import { isRead } from '../modules/kit/method.ts';
import { sliceOf } from '../modules/kit/slice.ts';
import { realGround } from './ground.ts';

/** So many writes of each module are a slice. */
const some = 1;

for (const { module, methods } of await specsByModule()) {
  const writes = methods.filter((spec) => !isRead(spec));
  if (writes.length > 0) describe(module, () => describeLeastPrivilege(realGround, sliceOf(writes, some)));
}
