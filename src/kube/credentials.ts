import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { ApiError, FederationError } from '../errors.ts';
import { digest } from '../internal/digest.ts';
import { isRecord } from './json.ts';
import type { ChosenContext } from './kubeconfig.ts';
import { codeOf } from './system-error.ts';

/** TLS settings of one cluster, as node:tls takes them. */
export interface TlsSettings {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

/** What a request is sent with. The same object as long as nothing changed. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
  /** Changes with `tls`: connections made under another one are not used any more. */
  readonly tlsDigest: string;
}

/** Credentials of one context, read again where they can change. */
export interface Credentials {
  /** @throws ApiError `UNAUTHENTICATED` where a credential plugin fails; FederationError `KUBECONFIG_INVALID` */
  current(): Promise<Access>;
  /** After a 401: reads everything anew, plugins included; `undefined` where nothing changed. */
  renew(refused: Access): Promise<Access | undefined>;
}

/** How long files and plugins are believed before they are asked again. A plugin's own expiry is kept by client-node. */
const believeMs = 10_000;

/** Credentials of the chosen context; nothing is read before {@link Credentials.current} is called. */
export function createCredentials(chosen: ChosenContext, cluster: string, keepMs = believeMs): Credentials {
  const { user } = chosen;
  const lasting = !(user.exec ?? user.authProvider ?? chosen.tokenFile ?? user.certFile ?? user.keyFile);
  let config = chosen.fresh();
  let held: { readonly access: Access; readonly stamp: string; readonly readAt: number } | undefined;
  let reading: Promise<Access> | undefined;
  let renewing: Promise<Access> | undefined;

  async function read(): Promise<Access> {
    const access = await readAccess(chosen, config, cluster);
    const stamp = digest([access.tlsDigest, access.headers]);
    held = { access: held?.stamp === stamp ? held.access : access, stamp, readAt: performance.now() };
    return held.access;
  }
  const readOnce = (): Promise<Access> => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  async function again(): Promise<Access> {
    while (reading !== undefined) await reading.catch(() => undefined);
    config = chosen.fresh();
    return readOnce();
  }

  return {
    async current() {
      if (held === undefined) return readOnce();
      if (lasting || performance.now() - held.readAt < keepMs) return held.access;
      const last = held.access;
      // A file that is just being replaced must not fail a call: the server decides about the last credentials.
      return readOnce().catch(() => last);
    },
    async renew(refused) {
      if (lasting) return undefined;
      if (held !== undefined && held.access !== refused) return held.access;
      renewing ??= again().finally(() => {
        renewing = undefined;
      });
      const access = await renewing;
      return access === refused ? undefined : access;
    },
  };
}

async function readAccess(
  chosen: ChosenContext,
  config: ReturnType<ChosenContext['fresh']>,
  cluster: string,
): Promise<Access> {
  const headers: Record<string, unknown> = {};
  const options: RequestOptions = { headers: headers as Record<string, string> };
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw credentialFailure(chosen, cluster, error);
  }
  if (typeof options.auth === 'string')
    headers['Authorization'] ??= `Basic ${Buffer.from(options.auth).toString('base64')}`;
  if (chosen.tokenFile !== undefined) headers['Authorization'] = `Bearer ${await readToken(chosen, chosen.tokenFile)}`;
  const tls = tlsOf(options);
  checkTls(tls, chosen);
  return {
    headers: Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name.toLowerCase(), value.trim()]] : [],
      ),
    ),
    tls,
    tlsDigest: digest(Object.entries(tls).map(([name, value]) => [name, String(value)])),
  };
}

function tlsOf(options: RequestOptions): TlsSettings {
  const { rejectUnauthorized, servername } = options;
  const [ca, cert, key] = [options.ca, options.cert, options.key].map((value) =>
    typeof value === 'string' || Buffer.isBuffer(value) ? value : undefined,
  );
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    ...(typeof servername === 'string' && { servername }),
  };
}

/** Node takes a broken authority silently and then trusts nobody: it is better told here, by name. */
function checkTls({ ca, cert, key }: TlsSettings, { where, user, cluster }: ChosenContext): void {
  const invalid = (what: string): FederationError => new FederationError('KUBECONFIG_INVALID', `${where} ${what}`);
  if ((cert === undefined) !== (key === undefined))
    throw invalid(
      `has a client certificate without key, or a key without certificate, for the user "${user.name}". Give both.`,
    );
  try {
    if (ca !== undefined) new X509Certificate(ca);
  } catch {
    throw invalid(
      `has a certificate-authority for the cluster "${cluster.name}" that is no PEM certificate. Correct it.`,
    );
  }
  try {
    if (cert !== undefined && key !== undefined) createSecureContext({ cert, key });
  } catch {
    throw invalid(
      `has a client certificate and key for the user "${user.name}" that are no PEM or do not belong together.`,
    );
  }
}

async function readToken({ where }: ChosenContext, file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new FederationError(
      'KUBECONFIG_INVALID',
      `${where} names the tokenFile "${file}", which cannot be read (${codeOf(error)}). Make it readable or correct the path.`,
    );
  }
}

/** Plugins print credentials: of their output only the error text goes into a message, shortened and redacted, and no cause is kept. */
function credentialFailure(chosen: ChosenContext, cluster: string, error: unknown): FederationError {
  const { where, user } = chosen;
  if (isRecord(error) && error['syscall'] === 'open')
    return new FederationError(
      'KUBECONFIG_INVALID',
      `${where} names the file "${String(error['path'])}", which cannot be read (${codeOf(error)}). Make it readable or correct the path.`,
    );
  const exec = isRecord(user.exec) ? user.exec : undefined;
  const provider = isRecord(user.authProvider) ? user.authProvider['name'] : undefined;
  const plugin =
    exec === undefined
      ? `The auth-provider "${String(provider)}"`
      : `The credential plugin "${String(exec['command'])}"`;
  const why =
    isRecord(error) && typeof error['syscall'] === 'string' ? `could not be started (${codeOf(error)})` : reason(error);
  return new ApiError(
    'UNAUTHENTICATED',
    `${cluster}: ${plugin} of the user "${user.name}" ${why}. Run it by hand and see.`,
    {
      cluster,
    },
  );
}

function reason(error: unknown): string {
  if (error instanceof SyntaxError || error instanceof TypeError) return 'printed no ExecCredential';
  const text = error instanceof Error ? (error.message.trim().split('\n')[0] ?? '') : '';
  return text === '' ? 'failed' : `failed: ${text.slice(0, 200)}`;
}
