import { moves } from './specs/moves.ts';

/** Every method of `federation.namespaces`. */
export const methods = [...moves];
