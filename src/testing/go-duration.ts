const minute = 60_000;
const units: Readonly<Record<string, number>> = { h: 60 * minute, m: minute, s: 1000, ms: 1, us: 1e-3, ns: 1e-6 };

/** A duration as Go writes it (`10m0s`), or a number of nanoseconds, in milliseconds; `otherwise` where it is neither. */
export function durationMs(value: unknown, otherwise: number): number {
  if (typeof value === 'number') return value / 1e6;
  if (typeof value !== 'string') return otherwise;
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)/g)];
  return parts.reduce((sum, [, amount, unit = 's']) => sum + Number(amount) * (units[unit] ?? 0), 0);
}
