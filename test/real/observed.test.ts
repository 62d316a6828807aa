import { describeObserved } from '../observed/observed.suite.ts';
import { scenes } from '../observed/scenes.ts';
import { realGround } from './ground.ts';

// The garbage collector and the namespace controller of a real control plane keep their own time.
for (const scene of scenes) describeObserved(realGround, scene, { machineMs: 20_000 });
