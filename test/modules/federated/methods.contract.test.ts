import { sandboxGround } from '../../grounds.ts';
import { describeMethods } from '../kit/method.ts';
import { methods } from './methods.ts';

describeMethods(sandboxGround, methods);
