import { sandboxGround } from '../../grounds.ts';
import { describeMethods } from '../kit/method.ts';
import { federatedMethods } from './federated-methods.ts';

describeMethods(sandboxGround, federatedMethods);
