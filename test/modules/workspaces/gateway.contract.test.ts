import { sandboxGround } from '../../grounds.ts';
import { describeThroughGateway } from '../kit/through-gateway.ts';
import { methods } from './methods.ts';

describeThroughGateway(sandboxGround, methods);
