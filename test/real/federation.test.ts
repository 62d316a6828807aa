import { describeFederation } from '../testing/federation.suite.ts';
import { realGround } from './ground.ts';

describeFederation(realGround);
