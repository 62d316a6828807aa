import type { ApiServer } from '../server/server.ts';
import type { StoreCapture } from '../server/store.ts';
import type { NearGateway } from './gateway.ts';
import { type Memory, nothing } from './run.ts';

type Capturing = Pick<ApiServer, 'capture' | 'restoreCapture'>;

/**
 * Takes and puts back what a gateway remembers together with the objects of its cluster: a token is as good as it was
 * then, a wrong password counts as it did, and no request that is under way in the gateway goes on.
 */
export function capturedTogether(server: Capturing, gateway: Pick<NearGateway, 'memory' | 'restore'>): Capturing {
  const memories = new WeakMap<StoreCapture, Memory>();
  return {
    capture() {
      const capture = server.capture();
      memories.set(capture, gateway.memory());
      return capture;
    },
    restoreCapture(capture) {
      server.restoreCapture(capture);
      gateway.restore(memories.get(capture) ?? nothing);
    },
  };
}
