import { sandboxGround } from '../grounds.ts';
import { describeFederation } from './federation.suite.ts';

describeFederation(sandboxGround);
