import type { ClusterComponents } from '../components.ts';
import { seenNames } from './catalogue.ts';
import type { SeenName } from './component.ts';
import type { ComponentState } from './state.ts';

/** A component that stands differently on a cluster of one federation and its counterpart of another. */
export interface ComponentDifference {
  readonly component: SeenName;
  /** Name of a member; `host` for the hosts, whatever they are called. */
  readonly cluster: string;
  /** `absent`: that federation has no such cluster. */
  readonly here: ComponentState | 'absent';
  readonly there: ComponentState | 'absent';
}

/** Compares clusters of the same name; those that did not answer are left out. */
export function differences(
  here: readonly ClusterComponents[],
  there: readonly ClusterComponents[],
): readonly ComponentDifference[] {
  const names = [...new Set([...here, ...there].map(({ cluster }) => cluster))].sort();
  return names.flatMap((cluster) => {
    const [one, other] = [here, there].map((all) => all.find((each) => each.cluster === cluster));
    if (one?.answered === false || other?.answered === false) return [];
    return seenNames.flatMap((component) => {
      const [ours, theirs] = [
        one?.components[component] ?? 'absent',
        other?.components[component] ?? 'absent',
      ] as const;
      const quiet = [ours, theirs].every((state) => state === 'absent' || state === 'off');
      return ours === theirs || quiet ? [] : [{ component, cluster, here: ours, there: theirs }];
    });
  });
}
