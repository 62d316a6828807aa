import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { clusterIn } from '../kubeconfigs.ts';

/** A line to an API server that can be cut, on any ground: bytes are passed on as they come, TLS and all. */
export interface Line extends AsyncDisposable {
  /** The kubeconfig it was opened with, leading through the line. */
  readonly kubeconfig: string;
  /** Drops every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Lets connections through again, under the same address. */
  mend(): Promise<void>;
}

/** Opens a line on loopback to the server that `kubeconfig` names. */
export async function openLine(kubeconfig: string): Promise<Line> {
  const { server } = clusterIn(kubeconfig);
  if (typeof server !== 'string') throw new Error('the kubeconfig names no server');
  const { hostname, port } = new URL(server);
  const open = new Set<Socket>();
  const relay = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  const listen = async (at: number): Promise<number> => {
    relay.listen(at, '127.0.0.1');
    await once(relay, 'listening');
    // An object, as every listener on a port has.
    return (relay.address() as AddressInfo).port;
  };
  const own = await listen(0);
  const cut = async (): Promise<void> => {
    const closed = relay.listening ? once(relay, 'close') : undefined;
    relay.close();
    for (const socket of open) socket.destroy();
    await closed;
  };
  return {
    kubeconfig: kubeconfig.replace(server, `https://127.0.0.1:${own}`),
    cut,
    async mend() {
      await listen(own);
    },
    [Symbol.asyncDispose]: cut,
  };
}
