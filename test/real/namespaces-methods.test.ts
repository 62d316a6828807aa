import { describeMethods } from '../modules/kit/method.ts';
import { methods } from '../modules/namespaces/methods.ts';
import { realGround } from './ground.ts';

describeMethods(realGround, methods);
