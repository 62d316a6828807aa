import { adoptSpecs } from './adopt-methods.ts';
import { deleteSpecs } from './delete-methods.ts';

/** Every method of `federation.workspaces`. */
export const methods = [...deleteSpecs, ...adoptSpecs];
