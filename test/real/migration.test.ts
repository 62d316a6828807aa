import { describeMigration } from '../migration/migration.suite.ts';
import { realGround } from './ground.ts';

describeMigration(realGround);
