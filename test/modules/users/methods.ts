import { accounts } from './specs/accounts.ts';
import { reads } from './specs/reads.ts';
import { roles } from './specs/roles.ts';

/** Every method of `federation.users`. */
export const methods = [...accounts, ...roles, ...reads];
