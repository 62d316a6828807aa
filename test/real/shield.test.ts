import { describeShield } from '../modules/shield.suite.ts';
import { realGround } from './ground.ts';

describeShield(realGround);
