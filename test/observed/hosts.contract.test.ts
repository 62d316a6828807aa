import { sandboxGround } from '../grounds.ts';
import { describeObserved } from './observed.suite.ts';
import { hostsScene } from './scenes.ts';

describeObserved(sandboxGround, [hostsScene]);
