import { invalid } from '../../kubesphere/validation.ts';
import type { Amounts, Limit } from './resources.ts';

const pattern = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?$/;
const divisors: Readonly<Record<string, number>> = { n: 1e9, u: 1e6, m: 1e3 };
const factors: Readonly<Record<string, number>> = {
  ...{ k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** A quantity of Kubernetes as a number; `undefined` where it is none. `1024Mi` and `1Gi` are the same, and servers write what they like. */
export function amountOf(text: string): number | undefined {
  const [, number, unit = ''] = pattern.exec(text) ?? [];
  if (number === undefined) return undefined;
  if (/^[eE][+-]?\d+$/.test(unit)) return Number(`${number}${unit}`);
  return (Number(number) * (factors[unit] ?? 1)) / (divisors[unit] ?? 1);
}

/** Whether the same is allowed of everything. */
export function sameAmounts(one: Amounts = {}, other: Amounts = {}): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => {
    const [left, right] = [one[key], other[key]];
    return left !== undefined && right !== undefined && (left === right || amountOf(left) === amountOf(right));
  });
}

/** Amounts by resource. @throws FederationError `INVALID` naming the field */
export function checkAmounts(field: string, amounts: unknown): asserts amounts is Amounts {
  if (typeof amounts !== 'object' || amounts === null || Array.isArray(amounts))
    throw invalid(field, 'must be amounts by resource: { "limits.cpu": "4" }.');
  for (const [key, value] of Object.entries(amounts))
    if (typeof value !== 'string' || amountOf(value) === undefined)
      throw invalid(
        `${field}.${key}`,
        `must be a quantity such as "4", "500m" or "8Gi"; it is ${JSON.stringify(value)}.`,
      );
}

const parts = ['default', 'defaultRequest', 'max', 'min', 'maxLimitRequestRatio'] as const;

/** @throws FederationError `INVALID` naming the field */
export function checkLimits(limits: unknown): asserts limits is readonly Limit[] {
  if (!Array.isArray(limits) || limits.length === 0) throw invalid('limits', 'must be a list of at least one limit.');
  for (const [index, limit] of (limits as readonly Partial<Limit>[]).entries()) {
    if (!['Container', 'Pod', 'PersistentVolumeClaim'].includes(String(limit.type)))
      throw invalid(`limits[${index}].type`, 'must be Container, Pod or PersistentVolumeClaim.');
    for (const part of parts) if (limit[part] !== undefined) checkAmounts(`limits[${index}].${part}`, limit[part]);
  }
}

/** A limit with what a server fills in: of containers the default is the maximum, the default request the default, else the minimum (pkg/apis/core/v1/defaults.go). */
function filled(limit: Limit): Limit {
  if (limit.type !== 'Container') return limit;
  const preset = { ...limit.max, ...limit.default };
  return { ...limit, default: preset, defaultRequest: { ...limit.min, ...preset, ...limit.defaultRequest } };
}

/** Whether these say the same, however a server writes it. */
export function sameLimits(one: readonly Limit[], other: readonly Limit[]): boolean {
  return (
    one.length === other.length &&
    one.map(filled).every((left, index) => {
      const right = other[index];
      if (right === undefined || left.type !== right.type) return false;
      const full = filled(right);
      return parts.every((part) => sameAmounts(left[part], full[part]));
    })
  );
}
