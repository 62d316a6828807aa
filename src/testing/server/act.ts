import type { Call, Ground } from './call.ts';
import type { Body } from './content/content.ts';
import { StatusError } from './status.ts';
import { type Outcome, perform } from './verbs.ts';

/** The ground as it is now: who began on it writes nothing any more once the server was put back to an earlier moment. */
export function boundTo(ground: Ground): Ground {
  const age = ground.age();
  return {
    ...ground,
    async admit(request) {
      await ground.admit(request);
      if (ground.age() !== age)
        throw new StatusError(503, 'ServiceUnavailable', 'the server was put back to an earlier moment');
    },
  };
}

/** Does what a request asks for, and records what it writes. @throws StatusError */
export function act(ground: Ground, call: Call, verb: string, body: Body): Promise<Outcome> {
  return ground.scribe.writing(call, verb, () => perform(ground, call, verb, body));
}
