import { describeObserved } from '../observed/observed.suite.ts';
import { scenes } from '../observed/scenes.ts';
import { realGround } from './ground.ts';

// The garbage collector and the namespace controller of a real control plane keep their own time.
describeObserved(realGround, scenes, 60_000);
