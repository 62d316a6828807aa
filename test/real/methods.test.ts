import { allSpecs } from '../modules/kit/all-specs.ts';
import { describeMethods } from '../modules/kit/method.ts';
import { realGround } from './ground.ts';

describeMethods(realGround, await allSpecs());
