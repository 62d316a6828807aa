import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request as ask } from 'undici';

/** KubeSphere's front door as one client sees it, with every token that it hands out. */
export interface TokenProxy extends AsyncDisposable {
  /** Where the way through here begins. */
  readonly url: string;
  /** Access and refresh tokens, in the order in which they were handed out. */
  readonly tokens: readonly { readonly type: 'access' | 'refresh'; readonly token: string }[];
}

/** Begins to listen in front of the gateway at `target`. */
export async function startTokenProxy(target: string): Promise<TokenProxy> {
  const agent = new Agent({ bodyTimeout: 0, headersTimeout: 0 });
  const tokens: TokenProxy['tokens'][number][] = [];
  const keep = (text: string): void => {
    const answer = JSON.parse(text) as { readonly access_token?: string; readonly refresh_token?: string };
    for (const type of ['access', 'refresh'] as const) {
      const token = answer[`${type}_token`];
      if (token !== undefined) tokens.push({ type, token });
    }
  };

  async function pass(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = incoming;
    const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...rest } = headers;
    const gone = new AbortController();
    outgoing.on('close', () => gone.abort());
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const answer = await ask(`${target}${url}`, {
      ...{ method: method as 'GET', headers: rest, dispatcher: agent, signal: gone.signal },
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    outgoing.writeHead(answer.statusCode, answer.headers as http.OutgoingHttpHeaders);
    if (url === '/oauth/token') {
      const text = await answer.body.text();
      keep(text);
      outgoing.end(text);
      return;
    }
    for await (const chunk of answer.body) outgoing.write(chunk);
    outgoing.end();
  }

  const listener = http.createServer((incoming, outgoing) => {
    // A client that left, or a server that broke off: the connection tells.
    pass(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    tokens,
    async [Symbol.asyncDispose]() {
      listener.closeAllConnections();
      listener.close();
      await agent.destroy();
    },
  };
}
