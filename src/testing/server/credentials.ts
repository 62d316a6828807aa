import type { Authenticator } from './authentication.ts';
import type { CertificateAuthority } from './certificate.ts';
import { kubeconfigText } from './kubeconfig.ts';
import type { ServerIdentity } from './listener.ts';

/** Whom a kubeconfig is for, and how long it is good. */
export interface KubeconfigOptions {
  readonly user: string;
  /** Besides `system:authenticated`, to which everybody belongs. @defaultValue none */
  readonly groups?: readonly string[];
  /** In the time of day of the server, from now on; negative for credentials that are over. @defaultValue a year */
  readonly validForMs?: number;
  /** A client certificate instead of a bearer token. @defaultValue false */
  readonly certificate?: boolean;
}

/** Whose kubeconfigs are written. */
interface Issuer {
  readonly name: string;
  readonly url: string;
  readonly authority: CertificateAuthority;
  readonly authenticator: Authenticator;
  /** Time of day of the server, in milliseconds since 1970. */
  now(): number;
}

const year = 365 * 24 * 3600 * 1000;
/** A certificate that is over was good once. */
const day = 24 * 3600 * 1000;

/** Text of a kubeconfig. */
export function issueKubeconfig(issuer: Issuer, options: KubeconfigOptions): string {
  const { name, url, authority, authenticator } = issuer;
  const { user, groups = [], validForMs = year, certificate = false } = options;
  const until = issuer.now() + validForMs;
  const credentials = certificate
    ? {
        certificate: authority.issue(
          'client',
          { commonName: user, organizations: groups },
          { from: Math.min(issuer.now() - 60_000, until - day), until },
        ),
      }
    : {
        token: authenticator.issue(
          { name: user, groups: [...groups, 'system:authenticated'] },
          () => issuer.now() < until,
        ),
      };
  return kubeconfigText(name, url, authority.cert, credentials);
}

/** What a server shows its clients. */
export interface ServerCertificate {
  /** When it is over, in milliseconds since 1970. */
  readonly until: number;
  /** The certificate itself; made when it is first asked for, because few servers of a large sandbox ever show it. */
  identity(): ServerIdentity;
}

/** A certificate for a server, whose clients go by the wall's clock; negative `validForMs` for one that is over. */
export function serverCertificate(
  authority: CertificateAuthority,
  commonName: string,
  validForMs = year,
): ServerCertificate {
  const until = Date.now() + validForMs;
  const validity = { from: Math.min(Date.now() - 60_000, until - day), until };
  let identity: ServerIdentity | undefined;
  return {
    until,
    identity() {
      identity ??= { ...authority.issue('server', { commonName }, validity), ca: authority.cert };
      return identity;
    },
  };
}
