import { adoptSpecs } from './adopt-methods.ts';
import { basicSpecs } from './basic-methods.ts';
import { deleteSpecs } from './delete-methods.ts';
import { peopleSpecs } from './people-methods.ts';

/** Every method of `federation.workspaces` but those of placement. */
export const methods = [...basicSpecs, ...deleteSpecs, ...adoptSpecs, ...peopleSpecs];
