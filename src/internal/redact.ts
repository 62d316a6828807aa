import type { Json } from '../types.ts';

const hidden = '[redacted]';
/** Field names whose value is a secret wherever they stand. */
const secretField =
  /^(?:.*token|.*password|.*secret|kubeconfig|authorization|client-?key-?data|client-?certificate-?data|jwt.*)$/i;
const patterns: readonly RegExp[] = [
  /\bBearer\s+[\w.~+/=-]+/gi,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /-----BEGIN [^-]+-----[\s\S]*?(?:-----END [^-]+-----|$)/g,
  /\b(?:token|password|jwtSecret|client-key-data|client-certificate-data)\b["']?\s*[:=]\s*["']?[^\s"',}]+/gi,
  /\b(https?:\/\/)[^/\s:@]+:[^/\s@]+@/gi,
  /\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}/g,
];

/** Takes out what looks like a credential: by pattern in text, by field name in data. Everything that leaves passes here. */
export function redact(value: string): string;
export function redact(value: Json): Json;
export function redact(value: Json): Json {
  if (typeof value === 'string') return patterns.reduce((text, pattern) => text.replace(pattern, hidden), value);
  if (Array.isArray(value)) return value.map((item: Json) => redact(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      secretField.test(key) && typeof item === 'string' ? hidden : redact(item as Json),
    ]),
  );
}
