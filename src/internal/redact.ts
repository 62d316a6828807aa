import type { Json } from '../types.ts';

const hidden = '[redacted]';
/** Field names whose text is a secret wherever they stand. A name or digest of one belongs into a field that says so (`secretName`, `jwtDigest`). */
const secretField =
  /^(?:.*token|.*password|.*secret|.*kubeconfig|authorization|client-?key-?data|client-?certificate-?data|jwt)$/i;
/** Fields of a Secret object that hold what it keeps. */
const secretContents: ReadonlySet<string> = new Set(['data', 'stringData']);
const patterns: readonly RegExp[] = [
  /\bBearer\s+[\w.~+/=-]+/gi,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /-----BEGIN [^-]+-----[\s\S]*?(?:-----END [^-]+-----|$)/g,
  /\b(?:token|password|jwtSecret|client-key-data|client-certificate-data)\b["']?\s*[:=]\s*["']?[^\s"',}]+/gi,
  /\bkubeconfig\b\\?["']?\s*[:=]\s*\\?["']?[A-Za-z0-9+/=]{40,}/gi,
  /\b(https?:\/\/)[^/\s:@]+:[^/\s@]+@/gi,
  /\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}/g,
];

/**
 * Takes out what looks like a credential: by pattern in text, by field name in data, and all that a Secret object keeps.
 * Everything that leaves passes here; passing twice changes nothing more.
 */
export function redact(value: string): string;
export function redact(value: Json): Json;
export function redact(value: Json): Json {
  if (typeof value === 'string') return patterns.reduce((text, pattern) => text.replace(pattern, hidden), value);
  if (Array.isArray(value)) return value.map((item: Json) => redact(item));
  if (typeof value !== 'object' || value === null) return value;
  const isSecret = Object.entries(value).some(([key, item]) => key === 'kind' && item === 'Secret');
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, Json]) => [
      key,
      isSecret && secretContents.has(key) ? hideAll(item) : secretField.test(key) ? hideText(item) : redact(item),
    ]),
  );
}

function hideText(value: Json): Json {
  return typeof value === 'string' ? hidden : redact(value);
}

function hideAll(value: Json): Json {
  if (value === null) return null;
  if (typeof value !== 'object') return hidden;
  return Object.fromEntries(Object.keys(value).map((key) => [key, hidden]));
}
