/**
 * A script as people write them: puts the cost centre of a workspace on each of its projects. Whatever else is on a project stays as
 * it is, and calling it again writes nothing.
 */
import { type Connection, core, FederationError } from 'kubesphere-federation';

const label = 'example.com/cost-centre';

/** Answers the names of the projects that were written. */
export async function setCostCentre(connection: Connection, workspace: string, costCentre: string): Promise<string[]> {
  const written: string[] = [];
  const labelSelector = `kubesphere.io/workspace=${workspace}`;
  for (const { metadata } of await connection.list(core.namespaces, { labelSelector }).toArray()) {
    if (await setOn(connection, metadata.name, costCentre)) written.push(metadata.name);
  }
  return written;
}

async function setOn(connection: Connection, name: string, costCentre: string): Promise<boolean> {
  for (;;) {
    const { metadata } = await connection.get(core.namespaces, { name });
    if (metadata.labels?.[label] === costCentre) return false;
    const { uid, resourceVersion } = metadata;
    const patch = { type: 'merge', body: { metadata: { labels: { [label]: costCentre } } } } as const;
    try {
      await connection.patch(core.namespaces, { name }, patch, { uid, resourceVersion });
      return true;
    } catch (error) {
      // Somebody else wrote it meanwhile, or our own write did and its answer was lost: look again.
      if (!FederationError.is(error, 'CONFLICT')) throw error;
    }
  }
}
