import { X509Certificate } from 'node:crypto';
import { parse } from 'yaml';

/** Until when the credential of a kubeconfig is good. Nothing of the credential itself is in it. */
export interface KubeconfigExpiry {
  /** `other`: an exec plugin, a file, an opaque token: it does not say. `unreadable`: it is no kubeconfig. */
  readonly by: 'certificate' | 'token' | 'other' | 'unreadable';
  /** ISO 8601; absent where it does not say. */
  readonly expires?: string;
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function named(list: unknown, name: unknown, of: string): Fields | undefined {
  const found = Array.isArray(list) ? list.find((one) => isFields(one) && one['name'] === name) : undefined;
  const held = isFields(found) ? found[of] : undefined;
  return isFields(held) ? held : undefined;
}

/** The user of the current context. */
function userOf(kubeconfig: Fields): Fields | undefined {
  const context = named(kubeconfig['contexts'], kubeconfig['current-context'], 'context');
  return named(kubeconfig['users'], context?.['user'], 'user');
}

function iso(time: number): Pick<KubeconfigExpiry, 'expires'> {
  return Number.isFinite(time) ? { expires: new Date(time).toISOString() } : {};
}

/** `exp` of a JSON web token, such as those of ServiceAccounts that end. */
function tokenEnd(token: string): number {
  const [, claims = ''] = token.split('.');
  try {
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { readonly exp?: unknown };
    return typeof exp === 'number' ? exp * 1_000 : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

/**
 * Until when a kubeconfig, as `Cluster.spec.connection.kubeconfig` holds it (base64), is good: by the client certificate of its current
 * context, else by its token. Never throws, for a message could quote what it holds.
 */
export function kubeconfigExpiry(base64: string): KubeconfigExpiry {
  let user: Fields | undefined;
  try {
    const parsed: unknown = parse(Buffer.from(base64, 'base64').toString());
    user = isFields(parsed) ? userOf(parsed) : undefined;
  } catch {
    return { by: 'unreadable' };
  }
  if (user === undefined) return { by: 'unreadable' };
  const certificate = textOf(user['client-certificate-data']);
  const token = textOf(user['token']);
  if (certificate !== undefined) {
    try {
      return { by: 'certificate', ...iso(Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo)) };
    } catch {
      return { by: 'unreadable' };
    }
  }
  return token === undefined ? { by: 'other' } : { by: 'token', ...iso(tokenEnd(token)) };
}
