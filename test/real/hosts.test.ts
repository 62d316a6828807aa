import { describeHosts } from '../testing/hosts.suite.ts';
import { realGround } from './ground.ts';

describeHosts(realGround);
