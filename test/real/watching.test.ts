import { describeWatching } from '../kube/watching.suite.ts';
import { realGround } from './ground.ts';

describeWatching(realGround);
