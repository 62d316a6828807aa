import { verbs } from './verbs.ts';

/** Every case there is. */
export const allCases = [...verbs];
