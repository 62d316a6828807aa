import { apiVersionOf } from '../../kube/objects.ts';
import { managedLabel, workspaceLabel } from '../../kubesphere/names.ts';
import { federatedKinds } from '../../kubesphere/resources.ts';
import { type AppKind, appResource } from '../../modules/apps.ts';
import { labelField, refOf } from '../../modules/changes.ts';
import { asFound, type FoundObject, kindOf, objectOf, throughKinds } from '../../modules/found.ts';
import { type Label, setLabel } from '../../modules/operations/set-label.ts';
import { toAskDoomed, unlessDoomed } from '../../modules/placement/doomed.ts';
import { toGet, toPatch } from '../../modules/rights.ts';
import { defineItemStep, type Foreseen, type ListedItem, type StepContext } from '../../workflow/step.ts';
import type { MigrationEnv } from '../env.ts';
import { ifGranted, looks, type Surveyed, writesEach } from '../writing.ts';
import type { Detached } from './detach.ts';

type Planning = StepContext<Foreseen<Surveyed>, MigrationEnv>;

async function managedItems(ctx: Planning): Promise<readonly ListedItem<FoundObject>[]> {
  const first = await marked(ctx);
  if (ctx.epoch === 0) return foreseen(ctx, first);
  // One answer may be an old one, and what it lacks would stand against the run at the end: nobody could do anything about that.
  const second = await marked(ctx);
  const again = new Set(second.map(({ key }) => key));
  return [...second, ...first.filter(({ key }) => !again.has(key))];
}

/** Everything on the member that bears the mark. */
async function marked({ env: { member }, signal }: Planning): Promise<readonly ListedItem<FoundObject>[]> {
  const field = labelField(managedLabel);
  return throughKinds(
    member,
    ({ verbs }) => verbs.includes('patch'),
    { labelSelector: `${managedLabel}=true`, signal },
    (resource, metadata): ListedItem<FoundObject> => ({
      key: [apiVersionOf(resource), resource.kind, metadata.namespace ?? '', metadata.name].join('/'),
      item: asFound(resource, metadata),
      forecast: {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(member.name, resource, metadata),
            before: { [field]: 'true' },
            after: { [field]: null },
          },
        ],
      },
    }),
  );
}

/**
 * While planning: every invitation on the old host adds objects until it is detached, so their list decides nothing; what
 * may be written, by kind, does.
 */
async function foreseen(
  ctx: Planning,
  items: readonly ListedItem<FoundObject>[],
): Promise<readonly ListedItem<FoundObject>[]> {
  const [first] = items;
  if (first === undefined) return [];
  const counts = new Map(federatedKinds.map(({ target }): [string, number] => [target.kind, 0]));
  for (const { item } of items) counts.set(item.kind, (counts.get(item.kind) ?? 0) + 1);
  const kinds = new Map(items.map(({ item }) => [`${item.group}/${item.kind}`, kindOf(item)]));
  const { member, source } = ctx.env;
  const seat = source && { host: source.host, cluster: member.name };
  const rights = async () => [
    ...toGet(member, ...kinds.values()),
    ...toPatch(member, ...kinds.values()),
    ...(seat === undefined
      ? []
      : await toAskDoomed(
          seat,
          items.map(({ item }) => item),
          ctx.signal,
        )),
  ];
  const now = [...counts].filter(([, count]) => count > 0).map(([kind, count]) => `${count} ${kind}`);
  return [
    {
      key: 'whatever bears the mark by then',
      item: first.item,
      forecast: await ifGranted(rights, ctx, {
        effect: 'unknown',
        why: `whatever bears it by then; now ${now.join(', ')}`,
        touches: [...counts.keys()].sort().map((kind) => ({ verb: 'update', kind })),
      }),
    },
  ];
}

/**
 * Takes kubefed's label off everything on the member: what still bears it when the new host joins is deleted there as soon
 * as the new host has something of the same name placed elsewhere (H5). What the new host has as well, it adopts again.
 */
export const release = defineItemStep<Detached, MigrationEnv>()({
  name: 'release',
  title: "Take the old host's mark off everything on the member",
  items: managedItems,
  ...writesEach<Detached, FoundObject, Label>(({ env: { source, member }, state }, item) =>
    setLabel(member, kindOf(item), objectOf(item), {
      label: managedLabel,
      to: null,
      heirs: true,
      // The old host has the member again right after that; one that had none to let go of does not.
      ...(source !== undefined &&
        state.detach && {
          mayReturn: unlessDoomed({ host: source.host, cluster: member.name, labels: state.detach }, item),
        }),
    }),
  ),
  // An object that is gone, or was made afresh meanwhile, has nothing to get back: its host's kubefed marks it again.
  observe: async (ctx) =>
    (await looks.observe(ctx)).map((now, index) => {
      const { before = null } = ctx.intends[index] ?? {};
      return now === null || (typeof now === 'object' && 'uid' in now) ? before : now;
    }),
  concurrency: 16,
  remedy: `See that the old host places that object on the member, then roll back once more; its kubefed adopts it even so. Do not put label ${managedLabel}=true on it by hand: placed elsewhere, it is deleted for that.`,
  undoNeeds: ['import', 'arrivals'],
});

interface AppItem {
  readonly kind: AppKind;
  readonly name: string;
  readonly uid: string;
}

/** Deleting a template uninstalls every app that bears its workspace's label (H1): they are taken out of its reach first. */
export const detachApps = defineItemStep<Surveyed, MigrationEnv>()({
  name: 'detach-apps',
  title: "Take the member's apps out of reach of its own templates",
  items: async (ctx: Planning): Promise<readonly ListedItem<AppItem>[]> => {
    const { member } = ctx.env;
    const doomed = new Set(
      (ctx.state.snapshot?.workspaces ?? []).filter(({ ownTemplate }) => ownTemplate).map(({ name }) => name),
    );
    const field = labelField(workspaceLabel);
    const doomedApps = (ctx.state.snapshot?.apps ?? []).filter(({ workspace }) => doomed.has(workspace));
    return Promise.all(
      doomedApps.map(async ({ kind, name, uid, workspace }) => ({
        key: `${kind}/${name}`,
        item: { kind, name, uid },
        forecast: await ifGranted(() => toGet(member, appResource(kind)), ctx, {
          effect: 'change',
          changes: [
            {
              verb: 'update',
              resource: refOf(member.name, appResource(kind), { name, uid }),
              before: { [field]: workspace },
              after: { [field]: null },
            },
          ],
        }),
      })),
    );
  },
  ...writesEach<Surveyed, AppItem, Label>(({ env }, app) =>
    setLabel(env.member, appResource(app.kind), app, { label: workspaceLabel, to: null, heirs: true }),
  ),
  remedy: `Put label ${workspaceLabel} back on that HelmRelease, HelmRepo or HelmApplication.`,
});
