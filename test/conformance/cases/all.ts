import { accessCases, admissionCases, definitionCases, discovery, namespaceCases, statuses } from './cluster.ts';
import {
  accounts,
  configMaps,
  eventCases,
  leaseCases,
  plainCases,
  roleCases,
  secretCases,
} from './kinds-of-objects.ts';
import { deletion, objects, validation } from './objects.ts';
import { patches } from './patches.ts';
import { lists, selectors, watches } from './reading.ts';
import { verbs } from './verbs.ts';

/** Every case there is. */
export const allCases = [
  ...verbs,
  ...selectors,
  ...lists,
  ...watches,
  ...validation,
  ...objects,
  ...deletion,
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
  ...discovery,
];
