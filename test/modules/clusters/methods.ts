import { joining } from './specs/joining.ts';
import { reads } from './specs/reads.ts';
import { trust } from './specs/trust.ts';

/** Every method of `federation.clusters`, but those of placement. */
export const methods = [...reads, ...trust, ...joining];
