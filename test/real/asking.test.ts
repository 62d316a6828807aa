import { describeAsking } from '../testing/asking.suite.ts';
import { realGround } from './ground.ts';

describeAsking(realGround);
