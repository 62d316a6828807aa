import { createHash } from 'node:crypto';
import type { Json } from '../types.ts';

/** JSON with sorted keys and without `undefined`: equal data give equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : item,
  );
}

/** SHA-256 of {@link canonical}, in hex. Secrets are compared by it and never shown. */
export function digest(value: Json | object): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}
