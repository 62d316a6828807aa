import { Buffer } from 'node:buffer';
import { createHmac, randomBytes } from 'node:crypto';
import type { Connection } from '../../../kube/connection.ts';
import { core } from '../../../kube/resources.ts';
import { installation, kubesphereNamespace } from '../../../kubesphere/names.ts';
import { text } from '../../server/object.ts';
import { createUnlessThere, ignoring } from '../writes.ts';

const at = { namespace: kubesphereNamespace, name: installation.secret };
const encoded = (value: string): string => Buffer.from(value).toString('base64');

/**
 * kubesphere-secret, and the jwtSecret that is in force: one given in the spec replaces the whole Secret on every run;
 * without one, it is drawn once and kept.
 */
export async function writeSecret(connection: Connection, given: string): Promise<string> {
  const present = await connection.find(core.secrets, at);
  const kept = text(present?.data?.['secret']);
  if (given === '' && kept !== undefined) return Buffer.from(kept, 'base64').toString();
  const jwtSecret = given === '' ? randomBytes(16).toString('hex') : given;
  if (present !== undefined) {
    await ignoring(connection.delete(core.secrets, at, { propagationPolicy: 'Background' }), 'NOT_FOUND');
  }
  await createUnlessThere(connection, core.secrets, {
    metadata: at,
    type: 'Opaque',
    data: { secret: encoded(jwtSecret), token: encoded(staticToken(jwtSecret)) },
  });
  return jwtSecret;
}

/** The token of `admin` that components use, for good: a JWT signed with the jwtSecret. */
function staticToken(jwtSecret: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { email: 'admin@kubesphere.io', username: 'admin', token_type: 'static_token' };
  const content = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${content}.${createHmac('sha256', jwtSecret).update(content).digest('base64url')}`;
}
