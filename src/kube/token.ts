/** Subject of a JSON web token, unverified: enough to tell whose it is. */
function subjectOf(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const subject = typeof claims === 'object' && claims !== null && 'sub' in claims ? claims.sub : undefined;
    return typeof subject === 'string' ? subject : undefined;
  } catch {
    return undefined;
  }
}

/** Namespace and name of the ServiceAccount whose token it is, as `namespace/name`; `undefined` where it is none's. */
export function serviceAccountOf(token: string | undefined): string | undefined {
  const [, account] = /^system:serviceaccount:(.+)$/.exec(token === undefined ? '' : (subjectOf(token) ?? '')) ?? [];
  return account?.replace(':', '/');
}
