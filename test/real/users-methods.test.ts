import { describeMethods } from '../modules/kit/method.ts';
import { methods } from '../modules/users/methods.ts';
import { realGround } from './ground.ts';

describeMethods(realGround, methods);
