import { describeMember } from '../testing/member.suite.ts';
import { realGround } from './ground.ts';

describeMember(realGround);
