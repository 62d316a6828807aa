import { sandboxGround } from '../grounds.ts';
import { describeWatching } from './watching.suite.ts';

describeWatching(sandboxGround);
