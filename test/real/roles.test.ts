import { describeRoles } from '../testing/roles.suite.ts';
import { realGround } from './ground.ts';

describeRoles(realGround);
