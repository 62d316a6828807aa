import { describeMethods } from '../modules/kit/method.ts';
import { federatedMethods } from '../modules/placement/federated-methods.ts';
import { methods } from '../modules/placement/methods.ts';
import { realGround } from './ground.ts';

describeMethods(realGround, [...methods, ...federatedMethods]);
