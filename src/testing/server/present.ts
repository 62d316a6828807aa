import type { ServedType } from './catalogue.ts';
import type { Page } from './list.ts';
import type { ApiObject } from './object.ts';
import { apiVersionOfType } from './registry.ts';
import type { WatchMessage } from './watch.ts';

/** How a client wants objects: whole, or metadata only. */
export type Form = 'full' | 'metadata';

const whole = new WeakMap<object, string>();
const untyped = new WeakMap<object, string>();

function remembered(known: WeakMap<object, string>, object: ApiObject, make: () => unknown): string {
  let text = known.get(object);
  if (text === undefined) {
    text = JSON.stringify(make());
    known.set(object, text);
  }
  return text;
}

/** JSON of one object in the version and form asked for. */
export function objectJson(object: ApiObject, type: ServedType, form: Form): string {
  if (form === 'metadata') {
    return JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata });
  }
  const apiVersion = apiVersionOfType(type);
  if (object.apiVersion !== apiVersion) return JSON.stringify({ ...object, apiVersion });
  return remembered(whole, object, () => object);
}

/** JSON of a page. Items of built-in kinds carry no apiVersion and kind, as the real server sends them. */
export function listJson(page: Page, type: ServedType, form: Form): string {
  const metadata = JSON.stringify({
    // What cannot be watched (ComponentStatus) is computed and not stored: there is no revision of it.
    ...(type.verbs.includes('watch') ? { resourceVersion: String(page.revision) } : {}),
    ...(page.continue === undefined && !type.custom ? {} : { continue: page.continue ?? '' }),
    ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
  });
  const [kind, apiVersion] =
    form === 'metadata' ? ['PartialObjectMetadataList', 'meta.k8s.io/v1'] : [type.listKind, apiVersionOfType(type)];
  const items = page.items.map((object) =>
    form === 'full' && !type.custom
      ? remembered(untyped, object, () => ({ ...object, apiVersion: undefined, kind: undefined }))
      : objectJson(object, type, form),
  );
  return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${metadata},"items":[${items.join(',')}]}`;
}

/** One line of a watch. */
export function watchLine(message: WatchMessage, type: ServedType, form: Form): string {
  switch (message.type) {
    case 'ERROR':
      return `{"type":"ERROR","object":${JSON.stringify(message.status)}}\n`;
    case 'BOOKMARK': {
      const annotations = message.initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
      const object = {
        kind: form === 'metadata' ? 'PartialObjectMetadata' : type.kind,
        apiVersion: form === 'metadata' ? 'meta.k8s.io/v1' : apiVersionOfType(type),
        metadata: { resourceVersion: String(message.revision), ...annotations },
      };
      return `{"type":"BOOKMARK","object":${JSON.stringify(object)}}\n`;
    }
    default:
      return `{"type":"${message.type}","object":${objectJson(message.object, type, form)}}\n`;
  }
}

/** Which form an Accept header asks for first among those there are; `undefined` where it takes none of them. */
export function formOf(accept: string): Form | undefined {
  for (const clause of accept.split(',')) {
    const [media = '', ...parameters] = clause.split(';').map((part) => part.trim());
    const given = new Map(parameters.map((part) => [part.split('=')[0], part.split('=')[1]]));
    const as = given.get('as');
    if (media !== '' && media !== '*/*' && media !== 'application/*' && media !== 'application/json') continue;
    if (as === undefined) return 'full';
    if (given.get('g') !== 'meta.k8s.io' || given.get('v') !== 'v1') continue;
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata';
  }
  return undefined;
}
