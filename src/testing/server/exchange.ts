import type { IncomingHttpHeaders } from 'node:http';
import type { User } from './call.ts';
import type { Piece } from './chunk.ts';

/** How a body is read: as text, or with a character per byte (`latin1`) where it may be none. */
export type Encoding = 'utf8' | 'latin1';

/** One request as the server sees it, whatever brought it: a socket, or a caller in this process. */
export interface Incoming {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Whom the client certificate names; `undefined` without one. @throws StatusError 401 for one that is not trusted */
  certified(): User | undefined;
  /** @defaultValue utf8 */
  body(encoding?: Encoding): Promise<string>;
}

/** Where the answer to one request goes. Everything after {@link Outgoing.end} or {@link Outgoing.reset} is ignored. */
export interface Outgoing {
  /** The client is in this process: it takes JSON as it is, and needs no length beforehand. */
  readonly near?: boolean;
  /** The client is gone, or everything is said. */
  readonly closed: boolean;
  start(code: number, headers: Readonly<Record<string, string>>): void;
  write(piece: Piece): void;
  end(): void;
  /** Breaks the connection: what was written may arrive or not. */
  reset(): void;
  /** Calls `listener` once the client is gone or everything is said. */
  onClose(listener: () => void): void;
}

/** Answers requests. Never rejects. */
export type Handler = (incoming: Incoming, outgoing: Outgoing) => Promise<void>;
