import { X509Certificate } from 'node:crypto';
import type { User } from './call.ts';
import { unauthorized } from './status.ts';

/** Knows whom client certificates name. */
export class ClientCertificates {
  readonly #authority: X509Certificate;
  readonly #now: () => number;

  /** `authority` is PEM; `now` is the server's time in ms since 1970. */
  constructor(authority: string, now: () => number) {
    this.#authority = new X509Certificate(authority);
    this.#now = now;
  }

  /** @throws StatusError 401 for a certificate of another authority, one that is over, or one without a name */
  user(certificate: X509Certificate): User {
    const { CN, O } = certificate.toLegacyObject().subject;
    const name = [CN ?? []].flat().join();
    const now = this.#now();
    const inTime = Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
    if (name === '' || !inTime || !certificate.verify(this.#authority.publicKey)) throw unauthorized();
    return { name, groups: [...[O ?? []].flat(), 'system:authenticated'] };
  }
}
