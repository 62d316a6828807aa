import { productVersion } from '../controllers/installer/run.ts';
import { textAnswer } from '../server/answer.ts';
import { isRecord } from '../server/object.ts';
import { jsonAnswer } from './refusal.ts';
import type { Route } from './routes.ts';

/** What the platform says about itself; open to everybody. */
export const platformRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/kapis/version',
    async handle({ version, kube }) {
      const gitVersion = productVersion[version];
      const [gitMajor, gitMinor] = version.split('.');
      const kubernetes = await kube.path('/version');
      return jsonAnswer({
        gitVersion,
        gitMajor,
        gitMinor,
        gitCommit: 'unknown',
        gitTreeState: 'clean',
        buildDate: 'unknown',
        goVersion: 'unknown',
        compiler: 'gc',
        platform: 'linux/amd64',
        ...(isRecord(kubernetes) ? { kubernetes } : {}),
      });
    },
  },
  {
    method: 'GET',
    pattern: '/kapis/config.kubesphere.io/v1alpha2/configs/configz',
    handle: async (gate) => jsonAnswer((await gate.settings()).configz),
  },
];

/** 3.4 says that it is well; 3.3 has no such path. */
export const healthRoute: Route = {
  method: 'GET',
  pattern: '/healthz',
  handle: async () => textAnswer(200, 'ok'),
};
