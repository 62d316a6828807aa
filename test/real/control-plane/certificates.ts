import { generateKeyPair, type KeyPairSyncResult, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';

/** A certificate and its private key, both as PEM. */
interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** What one cluster proves itself and its callers with. No two clusters share any of it. */
export interface ClusterCertificates {
  /** Signs `serving` and `admin`; PEM. */
  readonly ca: string;
  /** The API server's own, for 127.0.0.1 and localhost. */
  readonly serving: Identity;
  /** A client certificate of the group system:masters. */
  readonly admin: Identity;
  /** Signs and checks service account tokens. */
  readonly serviceAccount: Keys;
}

type Keys = KeyPairSyncResult<string, string>;
type Subject = readonly { readonly name: 'commonName' | 'organizationName'; readonly value: string }[];

interface Signer {
  readonly subject: Subject;
  readonly keys: Keys;
}

const generate = promisify(generateKeyPair);
const validMs = 30 * 24 * 60 * 60 * 1000;
const addressName = { dns: 2, ip: 7 } as const;

/** Makes a fresh certificate authority for one cluster, and all that it signs. */
export async function makeCertificates(cluster: string): Promise<ClusterCertificates> {
  const [caKeys, servingKeys, adminKeys, serviceAccount] = await Promise.all([
    makeKeys(),
    makeKeys(),
    makeKeys(),
    makeKeys(),
  ]);
  const ca: Signer = { subject: [{ name: 'commonName', value: `${cluster} certificate authority` }], keys: caKeys };
  const serving: Signer = { subject: [{ name: 'commonName', value: 'kube-apiserver' }], keys: servingKeys };
  const admin: Signer = {
    subject: [
      { name: 'organizationName', value: 'system:masters' },
      { name: 'commonName', value: 'admin' },
    ],
    keys: adminKeys,
  };
  const altNames = [
    { type: addressName.dns, value: 'localhost' },
    { type: addressName.ip, ip: '127.0.0.1' },
  ];
  return {
    ca: issue(ca, ca, [{ name: 'basicConstraints', critical: true, cA: true }]),
    serving: {
      certificate: issue(serving, ca, [
        { name: 'extKeyUsage', serverAuth: true },
        { name: 'subjectAltName', altNames },
      ]),
      key: servingKeys.privateKey,
    },
    admin: {
      certificate: issue(admin, ca, [{ name: 'extKeyUsage', clientAuth: true }]),
      key: adminKeys.privateKey,
    },
    serviceAccount,
  };
}

function issue({ subject, keys }: Signer, signer: Signer, extensions: readonly object[]): string {
  const { pki, md } = forge;
  const now = Date.now();
  const certificate = pki.createCertificate();
  // A first byte of 1: DER wants it positive and without a superfluous zero in front.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = new Date(now - 60_000);
  certificate.validity.notAfter = new Date(now + validMs);
  certificate.setSubject([...subject]);
  certificate.setIssuer([...signer.subject]);
  certificate.setExtensions([...extensions]);
  certificate.publicKey = pki.publicKeyFromPem(keys.publicKey);
  certificate.sign(pki.privateKeyFromPem(signer.keys.privateKey), md.sha256.create());
  return pki.certificateToPem(certificate);
}

function makeKeys(): Promise<Keys> {
  return generate('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}
