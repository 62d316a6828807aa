import { describeObserved } from '../observed/observed.suite.ts';
import { scenes } from '../observed/scenes.ts';
import { realGround } from './ground.ts';

describeObserved(realGround, scenes);
