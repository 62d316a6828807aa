import { FederationError } from '../../errors.ts';
import { isOneOf, type OneOf, type RequestFault } from './rule.ts';
import { verbsOf } from './strikes.ts';

const verbs: ReadonlySet<string> = new Set([
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
]);
/** What makes each kind of fault; plain JSON comes from files, too, where no compiler looked at it. */
const kinds = ['status', 'delayMs', 'lateMs', 'truncateAt', 'staleBy', 'dropEvents'];
const names: ReadonlySet<unknown> = new Set(['reset-before', 'reset-after']);

/**
 * Refuses a rule that can never strike: a test under it would be green and prove nothing.
 *
 * @param served what the clusters serve that the rule is about
 * @throws FederationError `INVALID`
 */
export function checkRequestFault({ fault, verb, resource }: RequestFault, served: ReadonlySet<string>): void {
  const known = typeof fault === 'object' ? kinds.some((kind) => kind in fault) : names.has(fault);
  if (!known)
    throw invalid(
      `There is no fault ${JSON.stringify(fault)}: it is ${[...names].join(', ')}, or has one of ${kinds.join(', ')}.`,
    );
  for (const wanted of exact(verb))
    if (!verbs.has(wanted))
      throw invalid(
        `A fault is about the verb ${JSON.stringify(wanted)}, which there is not: ${[...verbs].join(', ')}.`,
      );
  const possible = verbsOf(fault);
  if (possible !== undefined && verb !== undefined && !possible.some((one) => isOneOf(verb, one)))
    throw invalid(
      `The fault ${JSON.stringify(fault)} is one of ${possible.join(' and ')}, and not of ${[verb].flat().join(', ')}.`,
    );
  for (const wanted of exact(resource)) {
    if (served.has(wanted)) continue;
    const meant = [...served]
      .filter((one) => one.startsWith(`${wanted}.`) || one.split('.')[0]?.startsWith(wanted))
      .sort((one, other) => one.length - other.length);
    const hint = meant.length === 0 ? 'Give the plural, with its group' : `Is it ${meant.join(' or ')}`;
    throw invalid(`A fault is about the resource ${JSON.stringify(wanted)}, which its clusters do not serve. ${hint}?`);
  }
}

/** The values that are given as such: with a `*` anything may be meant. */
function exact(wanted: OneOf | undefined): readonly string[] {
  return (wanted === undefined ? [] : [wanted].flat()).filter((one) => !one.includes('*'));
}

function invalid(message: string): FederationError {
  return new FederationError('INVALID', message);
}
