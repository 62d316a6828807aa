import { sandboxGround } from '../grounds.ts';
import { describeHosts } from './hosts.suite.ts';

describeHosts(sandboxGround);
