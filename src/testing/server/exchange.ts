import type { IncomingHttpHeaders } from 'node:http';
import type { User } from './call.ts';
import type { Chunk } from './chunk.ts';

/** One request as the server sees it, whatever brought it: a socket, or a caller in this process. */
export interface Incoming {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Whom the client certificate names; `undefined` without one. @throws StatusError 401 for one that is not trusted */
  certified(): User | undefined;
  /** `latin1`: a character per byte, for what is no text. @defaultValue utf8 */
  body(encoding?: 'utf8' | 'latin1'): Promise<string>;
}

/** Where the answer to one request goes. Everything after {@link Outgoing.end} or {@link Outgoing.reset} is ignored. */
export interface Outgoing {
  /** The client is in this process: it takes JSON as it is, and needs no length beforehand. */
  readonly near?: boolean;
  /** The client is gone, or everything is said. */
  readonly closed: boolean;
  start(code: number, headers: Readonly<Record<string, string>>): void;
  write(chunk: Chunk): void;
  end(): void;
  /** Breaks the connection: what was written may arrive or not. */
  reset(): void;
  /** Calls `listener` once the client is gone or everything is said. */
  onClose(listener: () => void): void;
}

/** Answers requests. Never rejects. */
export type Handler = (incoming: Incoming, outgoing: Outgoing) => Promise<void>;
