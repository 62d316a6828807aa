import { creating } from './specs/creating.ts';
import { inside } from './specs/inside.ts';
import { keeping } from './specs/keeping.ts';
import { moves } from './specs/moves.ts';
import { reads } from './specs/reads.ts';

/** Every method of `federation.namespaces`. */
export const methods = [...reads, ...moves, ...creating, ...inside, ...keeping];
