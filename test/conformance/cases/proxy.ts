import { del, get, given, play, post, put, send, topic } from '../case.ts';
import { core } from './kinds.ts';

const at = (service: string, path = ''): string => `${core}/services/${service}/proxy${path}`;
const ports = [{ name: 'web', port: 80, protocol: 'TCP', targetPort: 8080 }];
/** A Service with everything in it that a real server would fill in, and an address that it would draw left out. */
const service = given(
  post(`${core}/services`, {
    metadata: { name: 'front' },
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      clusterIPs: ['None'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      ports,
    },
  }),
);
/** What else there is about a Service is not what is compared here. */
const gone = given(del(`${core}/services/front`));

/** What the proxy says where nothing stands behind a Service: no pods run on either server. */
export const proxyCases = topic('proxy', [
  play('of nothing', get(at('none')), get(at('none', '/')), get(at('none', '/a/b?c=d'))),
  play('of nothing, by port', get(at('none:80')), get(at('none:web')), get(at('https:none:80'))),
  play(
    'of nothing, with every verb',
    post(at('none'), {}),
    put(at('none'), {}),
    send('PATCH', at('none'), {}),
    del(at('none')),
    send('HEAD', at('none')),
    send('OPTIONS', at('none')),
  ),
  play('of nothing, in no namespace', get('/api/v1/namespaces/nowhere/services/none/proxy')),
  play('of a service without endpoints', service, get(at('front')), post(at('front', '/a'), {}), gone),
  play(
    'of its ports',
    service,
    get(at('front:80')),
    get(at('front:web')),
    get(at('front:81')),
    get(at('front:-1')),
    get(at('front:0080')),
    get(at('http:front:')),
    gone,
  ),
  play('of what is no service', get(at('a:b:c:d')), get(at('ftp:front:80')), get(at(':80'))),
  play('with dryRun', service, post(at('front', '?dryRun=All'), {}), get(at('none', '?dryRun=All')), gone),
  play('without credentials', get(at('none'), { token: null })),
]);
