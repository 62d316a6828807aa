import { sandboxGround } from '../grounds.ts';
import { describeMigration } from './migration.suite.ts';

describeMigration(sandboxGround);
