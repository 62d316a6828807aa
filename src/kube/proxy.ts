import { BlockList, isIP } from 'node:net';
import { FederationError } from '../errors.ts';

/** The variables that matter, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy on the way to `server`: the kubeconfig's `proxy-url` if given, else HTTPS_PROXY or HTTP_PROXY unless NO_PROXY
 * excludes the server. As in kubectl, loopback addresses are never proxied by the environment.
 *
 * @throws FederationError `KUBECONFIG_INVALID` for what is no http or https address; it is not shown, for it may hold a password
 */
export function proxyFor(server: URL, proxyUrl: string | undefined, env: Environment): string | undefined {
  if (proxyUrl !== undefined && proxyUrl !== '') return checked(proxyUrl, 'The proxy-url of the kubeconfig');
  const read = (name: string): string => env[name] || env[name.toLowerCase()] || '';
  const variable = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = read(variable);
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (proxy === '' || isLoopback(host)) return undefined;
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  const excluded = read('NO_PROXY')
    .split(',')
    .some((rule) => matches(rule.trim().toLowerCase(), host, port));
  if (excluded) return undefined;
  return checked(proxy.includes('://') ? proxy : `http://${proxy}`, `The variable ${variable}`);
}

function checked(proxy: string, where: string): string {
  if (/^https?:$/.test(URL.parse(proxy)?.protocol ?? '')) return proxy;
  throw new FederationError('KUBECONFIG_INVALID', `${where} is no http or https address of a proxy. Correct it.`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function matches(rule: string, host: string, port: string): boolean {
  if (rule === '') return false;
  if (rule === '*') return true;
  const [network = '', bits] = rule.split('/');
  const family = isIP(network);
  if (family !== 0 && bits !== undefined) return inNetwork(host, network, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  const [, name = rule, only] = family === 6 ? [] : (/^(.*?)(?::(\d+))?$/.exec(rule) ?? []);
  if (only !== undefined && only !== port) return false;
  const bare = name.replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
  return (host === bare && !/^\*?\./.test(name)) || (isIP(host) === 0 && host.endsWith(`.${bare}`));
}

function inNetwork(host: string, network: string, bits: number, family: 'ipv4' | 'ipv6'): boolean {
  if (isIP(host) !== (family === 'ipv4' ? 4 : 6) || !(bits >= 0 && bits <= (family === 'ipv4' ? 32 : 128)))
    return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return list.check(host, family);
}
