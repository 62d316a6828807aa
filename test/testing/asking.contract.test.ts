import { sandboxGround } from '../grounds.ts';
import { describeAsking } from './asking.suite.ts';

describeAsking(sandboxGround);
