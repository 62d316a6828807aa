import { systemWorkspace } from '../../kubesphere/names.ts';
import { checkFlag, checkName, checkObjectName, checkText, invalid } from '../../kubesphere/validation.ts';
import type { FederationEnv } from '../env.ts';
import { perform, type WriteOptions, type Written } from '../operation.ts';
import { updateWorkspace as updating } from '../operations/update-workspace.ts';
import { checkArgument, checkOptions, type FieldsOf } from '../options.ts';
import { aliasAnnotation, descriptionAnnotation } from './info.ts';

/** What to change of a workspace; absent fields stay as they are. */
export interface WorkspaceChanges {
  /** A user of the host. The former manager's binding becomes this one's: invite the former one anew where they are to stay. */
  readonly manager?: string;
  readonly networkIsolation?: boolean;
  /** `null` takes it off. */
  readonly alias?: string | null;
  /** `null` takes it off. */
  readonly description?: string | null;
}

const changeFields: FieldsOf<WorkspaceChanges> = {
  ...{ manager: true, networkIsolation: true, alias: true, description: true },
};

/** {@link Workspaces.update}, with its input checked. */
export async function updateWorkspace(
  { host }: FederationEnv,
  name: string,
  changes: WorkspaceChanges,
  options?: WriteOptions,
): Promise<Written<void>> {
  checkOptions(options);
  checkName('name', name);
  if (name === systemWorkspace) throw invalid('name', `is ${systemWorkspace}, which belongs to the installation.`);
  checkArgument('changes', changes, changeFields);
  const { manager, networkIsolation, alias, description } = changes;
  if (manager !== undefined) checkObjectName('manager', manager);
  if (networkIsolation !== undefined) checkFlag('networkIsolation', networkIsolation);
  if (alias !== undefined && alias !== null) checkText('alias', alias);
  if (description !== undefined && description !== null) checkText('description', description);
  const annotations = {
    ...(alias !== undefined && { [aliasAnnotation]: alias }),
    ...(description !== undefined && { [descriptionAnnotation]: description }),
  };
  const fields = {
    ...(manager !== undefined && { manager }),
    ...(networkIsolation !== undefined && { networkIsolation }),
  };
  if (Object.keys({ ...fields, ...annotations }).length === 0)
    throw invalid('changes', 'must name at least one of manager, networkIsolation, alias, description.');
  return perform(updating(host, name, { ...fields, annotations }), `update workspace "${name}"`, options);
}
