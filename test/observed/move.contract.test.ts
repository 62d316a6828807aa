import { sandboxGround } from '../grounds.ts';
import { describeObserved } from './observed.suite.ts';
import { moveScene } from './scenes.ts';

describeObserved(sandboxGround, [moveScene]);
