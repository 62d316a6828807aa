import type { Connection } from '../../kube/connection.ts';
import { connectNear } from '../connect.ts';
import type { Manager } from './runtime.ts';

/** Connections to members, kept as long as the stored kubeconfig is the same. */
export interface MemberConnections {
  to(name: string, kubeconfig: string): Promise<Connection>;
  forget(name: string): Promise<void>;
}

/** Connections that end with `manager`. */
export function memberConnections(manager: Manager): MemberConnections {
  const open = new Map<string, { readonly kubeconfig: string; readonly connection: Connection }>();
  const forget = async (name: string): Promise<void> => {
    const entry = open.get(name);
    open.delete(name);
    await entry?.connection[Symbol.asyncDispose]();
  };
  manager.onClose(async () => {
    await Promise.all([...open.keys()].map(forget));
  });
  return {
    forget,
    async to(name, kubeconfig) {
      const entry = open.get(name);
      if (entry?.kubeconfig === kubeconfig) return entry.connection;
      await forget(name);
      const connection = await connectNear({ kubeconfig, name, fieldManager: 'controller-manager' });
      open.set(name, { kubeconfig, connection });
      return connection;
    },
  };
}
