import { describeGateway } from '../testing/gateway/gateway.suite.ts';
import { realGround } from './ground.ts';

describeGateway(realGround);
