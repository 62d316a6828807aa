import { sandboxGround } from '../grounds.ts';
import { describeShield } from './shield.suite.ts';

describeShield(sandboxGround);
