import { deletion, objects, validation } from './objects.ts';
import { lists, selectors, watches } from './reading.ts';
import { verbs } from './verbs.ts';

/** Every case there is. */
export const allCases = [...verbs, ...selectors, ...lists, ...watches, ...validation, ...objects, ...deletion];
