import { methods } from '../modules/clusters/methods.ts';
import { describeMethods } from '../modules/kit/method.ts';
import { realGround } from './ground.ts';

describeMethods(realGround, methods);
