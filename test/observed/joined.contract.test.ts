import { sandboxGround } from '../grounds.ts';
import { describeObserved } from './observed.suite.ts';
import { joinedScene } from './scenes.ts';

describeObserved(sandboxGround, [joinedScene]);
