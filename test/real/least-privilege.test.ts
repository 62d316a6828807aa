import { allSpecs } from '../modules/kit/all-specs.ts';
import { describeLeastPrivilege } from '../modules/kit/least-privilege.ts';
import { realGround } from './ground.ts';

describeLeastPrivilege(realGround, await allSpecs());
