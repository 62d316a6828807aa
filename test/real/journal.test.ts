import { describeClusterJournal } from '../journal/cluster-journal.suite.ts';
import { realGround } from './ground.ts';

describeClusterJournal(realGround);
