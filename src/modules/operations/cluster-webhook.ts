import { FederationError } from '../../errors.ts';
import { sleep } from '../../internal/signal.ts';
import type { JsonPatchOperation } from '../../kube/connection.ts';
import { type AdmissionConfiguration, core } from '../../kube/resources.ts';
import type { KubeSphereCluster } from '../../kubesphere/cluster.ts';
import { clusterWebhook, epochAnnotation, openedLabel, runAnnotation } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { Json } from '../../types.ts';
import type { Forecast } from '../../workflow/change.ts';
import { refOf } from '../changes.ts';
import type { Operation } from '../operation.ts';
import { edit, type Work } from '../work.ts';

const resource = core.validatingWebhookConfigurations;
const name = { name: clusterWebhook };
const opened: Readonly<Record<string, Json>> = Object.freeze({
  matchExpressions: [{ key: openedLabel, operator: 'Exists' }],
});
const openedText = JSON.stringify(opened);
/** The webhook itself waits up to 30 s for the member. */
const probeMs = 40_000;
const openMs = 60_000;

/** What the webhooks of the configuration looked at before they were opened, by their names. */
export interface WebhookBefore {
  readonly uid: string;
  /** `selector` is its objectSelector as JSON text. */
  readonly selectors: readonly { readonly webhook: string; readonly selector: string }[];
}

/** What became of the webhook. */
export interface WebhookOpened {
  /** What to close it with; `null`: it was not opened. */
  readonly before: WebhookBefore | null;
}

const isOpen = (webhook: Readonly<Record<string, unknown>>): boolean =>
  JSON.stringify(webhook['objectSelector']) === openedText;
const nameOf = (webhook: Readonly<Record<string, unknown>>): string => String(webhook['name']);
const selectorField = (index: number): string => `/webhooks/${index}/objectSelector`;

/** The run that has the host's webhook for clusters open, as it is left when a process dies; `undefined` where it is closed. */
export async function openedBy(host: KubeSphereCluster, signal: AbortSignal): Promise<string | undefined> {
  const found = await host.connection.find(resource, name, { signal });
  if (found?.webhooks?.some(isOpen) !== true) return undefined;
  return found.metadata.annotations?.[runAnnotation] ?? 'unknown';
}

/**
 * Whether the host refuses every update of a Cluster, its deletion included, since the member does not answer it: asked by an update that
 * the server only pretends to make.
 *
 * @throws ApiError what such an update is refused for otherwise
 */
async function refuses(
  host: KubeSphereCluster,
  cluster: string,
  webhooks: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const probe = { metadata: { annotations: { [epochAnnotation]: 'probe' } } };
  try {
    await host.connection.patch(
      kubesphere.clusters,
      { name: cluster },
      { type: 'merge', body: probe },
      { dryRun: true, signal, timeoutMs: probeMs },
    );
    return false;
  } catch (error) {
    if (FederationError.is(error, 'NOT_FOUND')) return false;
    if (!FederationError.is(error, 'REJECTED')) throw error;
    // What another webhook or policy refuses stays refused, and is for the write itself to tell.
    return webhooks.some((webhook) => error.message.includes(webhook));
  }
}

function captured({ metadata, webhooks = [] }: AdmissionConfiguration): WebhookBefore {
  const selectors = webhooks.map((webhook) => ({
    webhook: nameOf(webhook),
    selector: JSON.stringify(webhook['objectSelector'] ?? {}),
  }));
  return { uid: metadata.uid, selectors };
}

/**
 * Opens the webhook of 3.4 that refuses to let go of a Cluster whose member does not answer (domain reference, 2.4): by one patch it is
 * made to look at no object. Nothing to do where there is none, or where it lets this Cluster through. The patch notes the run on the
 * configuration; {@link closeWebhook} and the way back restore what was captured.
 */
export function openWebhook(host: KubeSphereCluster, cluster: string): Operation<WebhookBefore, WebhookOpened> {
  return {
    async forecast({ signal }) {
      const found = await host.connection.find(resource, name, { signal });
      const out = { before: null };
      if (found === undefined) return { effect: 'none', why: `${host.name} has no webhook for clusters`, out };
      if (found.webhooks?.some(isOpen) === true)
        return { effect: 'none', why: `run ${found.metadata.annotations?.[runAnnotation]} has it open`, out };
      if (!(await refuses(host, cluster, (found.webhooks ?? []).map(nameOf), signal)))
        return { effect: 'none', why: `the webhook for clusters lets "${cluster}" through`, out };
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(host.name, resource, found.metadata),
            before: Object.fromEntries(
              captured(found).selectors.map(({ selector }, index) => [
                selectorField(index),
                JSON.parse(selector) as Json,
              ]),
            ),
            after: Object.fromEntries((found.webhooks ?? []).map((_, index) => [selectorField(index), opened])),
          },
        ],
        expects: { before: captured(found) },
      };
    },
    capture: async ({ signal }) => captured(await host.connection.get(resource, name, { signal })),
    async run(work, before) {
      host.dialect;
      await edit(work, { cluster: host, resource, name, uid: before.uid }, ({ metadata, webhooks = [] }) => {
        if (webhooks.every(isOpen)) return undefined;
        const annotations = { ...metadata.annotations, [runAnnotation]: work.runId };
        return {
          type: 'json',
          operations: [
            { op: 'add', path: '/metadata/annotations', value: annotations },
            ...webhooks.flatMap((webhook, index): JsonPatchOperation[] => [
              { op: 'test', path: `/webhooks/${index}/name`, value: nameOf(webhook) },
              { op: 'add', path: selectorField(index), value: opened },
            ]),
          ],
        };
      });
      return { before };
    },
    async verify({ signal }, before) {
      const webhooks = before.selectors.map(({ webhook }) => webhook);
      // API servers take a moment to notice.
      const until = performance.now() + openMs;
      while (await refuses(host, cluster, webhooks, signal)) {
        if (performance.now() > until)
          throw new FederationError(
            'NOT_OBSERVED',
            `${host.name}: ValidatingWebhookConfiguration ${clusterWebhook} was opened, and cluster "${cluster}" still cannot be updated. Does its API server know of the change yet?`,
          );
        await sleep(200, signal);
      }
    },
    compensate: (work, before) => restore(work, host, before),
  };
}

/**
 * Closes the webhook that {@link openWebhook} of the same run opened. It has no way back: what comes before it in a run needs no open
 * webhook to be taken back.
 */
export function closeWebhook(host: KubeSphereCluster, { before }: WebhookOpened): Operation<null, void> {
  return {
    async forecast({ signal }): Promise<Forecast<void>> {
      if (before === null) return { effect: 'none', why: 'no webhook was opened', out: undefined };
      const found = await host.connection.find(resource, name, { signal });
      const selectors = before.selectors.map(({ selector }, index) => [
        selectorField(index),
        JSON.parse(selector) as Json,
      ]);
      return {
        effect: 'change',
        changes: [
          {
            verb: 'update',
            resource: refOf(host.name, resource, found?.metadata ?? name),
            before: Object.fromEntries(before.selectors.map((_, index) => [selectorField(index), opened])),
            after: Object.fromEntries(selectors),
          },
        ],
      };
    },
    capture: async () => null,
    run: async (work) => (before === null ? undefined : restore(work, host, before)),
    async verify({ signal }) {
      const run = before === null ? undefined : await openedBy(host, signal);
      if (run !== undefined)
        throw new FederationError(
          'NOT_OBSERVED',
          `${host.name}: ValidatingWebhookConfiguration ${clusterWebhook} was closed and is open again, by run ${run}. Finish that run.`,
        );
    },
    compensate: async () => {},
  };
}

/** Gives every webhook that is open what it looked at before; one that somebody else has set meanwhile stays as it is. */
async function restore(work: Work, host: KubeSphereCluster, before: WebhookBefore): Promise<void> {
  // Whoever installed it again meanwhile has closed it, too.
  if ((await host.connection.find(resource, name, { signal: work.signal })) === undefined) return;
  await edit(work, { cluster: host, resource, name }, ({ metadata, webhooks = [] }) => {
    const { [runAnnotation]: run, [epochAnnotation]: _epoch, ...annotations } = metadata.annotations ?? {};
    if (run !== work.runId) return undefined;
    return {
      type: 'json',
      operations: [
        { op: 'add', path: '/metadata/annotations', value: annotations },
        ...webhooks.flatMap((webhook, index): JsonPatchOperation[] => {
          const was = before.selectors.find((one) => one.webhook === nameOf(webhook));
          return was === undefined || !isOpen(webhook)
            ? []
            : [
                { op: 'test', path: `/webhooks/${index}/name`, value: was.webhook },
                { op: 'add', path: selectorField(index), value: JSON.parse(was.selector) as Json },
              ];
        }),
      ],
    };
  });
}
