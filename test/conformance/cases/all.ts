import { accessCases } from './access.ts';
import { admissionCases } from './admission.ts';
import { collections } from './collections.ts';
import { definitionCases } from './definitions.ts';
import { deletion } from './deletion.ts';
import { discovery } from './discovery.ts';
import { accounts, configMaps, eventCases, leaseCases, plainCases, secretCases } from './kinds-of-objects.ts';
import { lists } from './lists.ts';
import { validation } from './metadata.ts';
import { namespaceCases } from './namespaces.ts';
import { objects } from './objects.ts';
import { owners } from './owners.ts';
import { patches } from './patches.ts';
import { proxyCases } from './proxy.ts';
import { roleCases } from './roles.ts';
import { selectors } from './selectors.ts';
import { statuses } from './status.ts';
import { verbs } from './verbs.ts';
import { watches } from './watches.ts';

/** Every case there is. */
export const allCases = [
  ...verbs,
  ...selectors,
  ...lists,
  ...watches,
  ...validation,
  ...objects,
  ...deletion,
  ...owners,
  ...collections,
  ...patches,
  ...configMaps,
  ...secretCases,
  ...accounts,
  ...leaseCases,
  ...eventCases,
  ...roleCases,
  ...plainCases,
  ...namespaceCases,
  ...statuses,
  ...definitionCases,
  ...admissionCases,
  ...accessCases,
  ...proxyCases,
  ...discovery,
];
