import { describeWebhooks } from '../testing/webhooks.suite.ts';
import { realGround } from './ground.ts';

describeWebhooks(realGround);
