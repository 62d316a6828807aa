import { sandboxGround } from '../grounds.ts';
import { describeMember } from './member.suite.ts';

describeMember(sandboxGround);
