import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Connection } from '../../../kube/connection.ts';
import { core } from '../../../kube/resources.ts';
import { installation, kubesphereNamespace } from '../../../kubesphere/names.ts';
import { kubesphere } from '../../../kubesphere/resources.ts';
import { createUnlessThere } from '../writes.ts';

const admin = { name: 'admin' };

/**
 * The User `admin` where there is none. A password that the spec gives, or an empty one, for which one is drawn, is noted in
 * kubesphere-secret, and only then: a run that makes the Secret anew later loses it. Without one it is `P@88w0rd`.
 */
export async function writeAdmin(connection: Connection, given: string | undefined): Promise<void> {
  if ((await connection.find(kubesphere.users, admin)) !== undefined) return;
  const password = given === '' ? randomBytes(8).toString('hex') : given;
  if (password !== undefined) {
    const at = { namespace: kubesphereNamespace, name: installation.secret };
    const data = { initAdminPassword: Buffer.from(password).toString('base64') };
    await connection.patch(core.secrets, at, { type: 'merge', body: { data } });
  }
  await createUnlessThere(connection, kubesphere.users, {
    metadata: admin,
    spec: { email: 'admin@kubesphere.io', password: password ?? 'P@88w0rd' },
  });
}
