/** What a request is sent to, as Go's servers read it. */
export interface Target {
  /** Decoded once, and otherwise as it was sent: `%2F` parts segments, dots and double slashes stand. */
  readonly path: string;
  /** As it was sent, with the question mark; or empty. */
  readonly search: string;
  readonly query: URLSearchParams;
}

/**
 * Reads path and query of a request: every path of it must be judged and routed as this one. `new URL` would not do: it
 * resolves dots, decoded or not, and takes the first of two slashes for the end of a scheme. `undefined` for what no
 * server reads; Go's answer is 400.
 */
export function targetOf(url: string): Target | undefined {
  const at = url.indexOf('?');
  const [raw, search] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at)];
  if (!raw.startsWith('/')) return undefined;
  try {
    return { path: decodeURIComponent(raw), search, query: new URLSearchParams(search) };
  } catch {
    return undefined;
  }
}

/** The other way round: {@link targetOf} reads it as this path again. */
export function encodedPath(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent);
}

/** The segments of a decoded path; an empty one in between is one, too. */
export function segmentsOf(path: string): string[] {
  const inside = path.replace(/^\/+|\/+$/g, '');
  return inside === '' ? [] : inside.split('/');
}
