import { sandboxGround } from '../grounds.ts';
import { describeCopies } from './copies.suite.ts';

describeCopies(sandboxGround);
