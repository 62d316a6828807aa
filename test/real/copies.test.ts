import { describeCopies } from '../testing/copies.suite.ts';
import { realGround } from './ground.ts';

describeCopies(realGround);
