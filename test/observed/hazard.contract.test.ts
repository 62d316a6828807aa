import { sandboxGround } from '../grounds.ts';
import { describeObserved } from './observed.suite.ts';
import { hazardScene } from './scenes.ts';

describeObserved(sandboxGround, [hazardScene]);
