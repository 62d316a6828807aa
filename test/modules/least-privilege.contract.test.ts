import { sandboxGround } from '../grounds.ts';
import { allSpecs } from './kit/all-specs.ts';
import { describeLeastPrivilege } from './kit/least-privilege.ts';

describeLeastPrivilege(sandboxGround, await allSpecs());
