/** A sandbox's API server in a process of its own: prints its kubeconfig as JSON, and ends when its input does. */
import { startApiServer } from '../../src/testing/index.ts';

await using server = await startApiServer({ name: 'bench', http2: process.argv.includes('--http2') });
console.log(JSON.stringify({ kubeconfig: server.kubeconfig }));
for await (const _ of process.stdin);
