import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

// Below the ranges that Linux (32768) and macOS (49152) hand out by themselves. A port found free is used a moment
// later; were it from those ranges, any connection made on this machine meanwhile could take it.
const lowest = 20_000;
const highest = 30_000;
const maxAttempts = 200;

/** Finds `count` different TCP ports that are free on 127.0.0.1. */
export async function findFreePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    for (let attempt = 0; ports.length < count; attempt += 1) {
      if (attempt === maxAttempts + count) {
        throw new Error(`no ${count} free ports on 127.0.0.1 from ${lowest} to ${highest}: end what listens there`);
      }
      const port = randomInt(lowest, highest);
      const server = await listen(port);
      if (server !== undefined) {
        held.push(server);
        ports.push(port);
      }
    }
    return ports;
  } finally {
    // Held until all are found, so that none is found twice.
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}
