import { describeMethods } from '../modules/kit/method.ts';
import { methods } from '../modules/workspaces/methods.ts';
import { realGround } from './ground.ts';

describeMethods(realGround, methods);
