import { sandboxGround } from '../../grounds.ts';
import { describeGateway } from './gateway.suite.ts';

describeGateway(sandboxGround);
