import { sandboxGround } from '../grounds.ts';
import { describeClusterJournal } from './cluster-journal.suite.ts';

describeClusterJournal(sandboxGround);
