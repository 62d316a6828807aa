import { FederationError } from '../errors.ts';

/**
 * Keeps a secret out of what a write throws: a server that refuses an object may quote it.
 *
 * @param what - of whom, and which secret: `m: the password`
 * @param who - who decides there, for the remedy: `about users`
 * @throws FederationError the same failure, without the words that quoted the secret
 */
export async function unquoted<T>(what: string, secret: string, who: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!FederationError.is(error) || secret === '') throw error;
    const quoted = [secret, JSON.stringify(secret).slice(1, -1)].some((one) =>
      `${JSON.stringify(error.toJSON())} ${String(error.cause)}`.includes(one),
    );
    if (!quoted) throw error;
    throw new FederationError(
      error.code,
      `${what} was refused (${error.code}); the answer quoted it and is left out. Which policy, webhook or schema decides ${who} there?`,
      { retryable: error.retryable },
    );
  }
}
