import { X509Certificate } from 'node:crypto';
import type { User } from './call.ts';
import { unauthorized } from './status.ts';

/** Knows whom client certificates name. */
export class ClientCertificates {
  readonly #authority: string;
  #parsed: X509Certificate | undefined;
  readonly #now: () => number;

  /** `authority` is PEM; `now` is the server's time in ms since 1970. */
  constructor(authority: string, now: () => number) {
    this.#authority = authority;
    this.#now = now;
  }

  /**
   * Looks at a certificate once; the answer tells, as often as it is asked, whom it names.
   *
   * @throws StatusError 401 (the answer) for a certificate of another authority, one that is over, or one without a name
   */
  holder(certificate: X509Certificate): () => User {
    this.#parsed ??= new X509Certificate(this.#authority);
    const { CN, O } = certificate.toLegacyObject().subject;
    const name = [CN ?? []].flat().join();
    const trusted = name !== '' && certificate.verify(this.#parsed.publicKey);
    const [from, until] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
    const user: User = { name, groups: [...[O ?? []].flat(), 'system:authenticated'] };
    return () => {
      const now = this.#now();
      if (!trusted || now < from || now > until) throw unauthorized();
      return user;
    };
  }
}
