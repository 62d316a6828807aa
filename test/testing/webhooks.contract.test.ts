import { sandboxGround } from '../grounds.ts';
import { describeWebhooks } from './webhooks.suite.ts';

describeWebhooks(sandboxGround);
