import { X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import { isRecord, parseJson } from './json.ts';

const record = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});

/** The entry of that name in one of a kubeconfig's lists. */
function entry(config: unknown, list: string, name: unknown): Readonly<Record<string, unknown>> {
  const entries = record(config)[list];
  return record(Array.isArray(entries) ? entries.find((one) => record(one)['name'] === name) : undefined);
}

function certificateEnd(data: unknown): number | undefined {
  if (typeof data !== 'string' || data === '') return undefined;
  return Date.parse(new X509Certificate(Buffer.from(data, 'base64')).validTo);
}

function tokenEnd(token: unknown): number | undefined {
  if (typeof token !== 'string') return undefined;
  const exp = record(parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()))['exp'];
  return typeof exp === 'number' ? exp * 1000 : undefined;
}

/**
 * When the credentials in a kubeconfig's current context end: its client certificate, or its token where that says so; the earlier of
 * both. Nothing of the credentials themselves is told.
 *
 * @param kubeconfig - YAML text
 * @returns time as ISO 8601; `undefined` where they do not end, or where that cannot be read
 */
export function credentialsExpire(kubeconfig: string): string | undefined {
  try {
    const config: unknown = parse(kubeconfig);
    const context = record(entry(config, 'contexts', record(config)['current-context'])['context']);
    const user = record(entry(config, 'users', context['user'])['user']);
    const ends = [certificateEnd(user['client-certificate-data']), tokenEnd(user['token'])].filter(
      (end) => end !== undefined,
    );
    return ends.length === 0 ? undefined : new Date(Math.min(...ends)).toISOString();
  } catch {
    // The parser's message would quote the text.
    return undefined;
  }
}
