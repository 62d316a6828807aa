import { sandboxGround } from '../grounds.ts';
import { describeRoles } from './roles.suite.ts';

describeRoles(sandboxGround);
