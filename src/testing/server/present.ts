import type { ServedType } from './catalogue.ts';
import { JsonChunk } from './chunk.ts';
import type { Page } from './list.ts';
import type { ApiObject } from './object.ts';
import { apiVersionOfType } from './registry.ts';
import { wrongForm } from './status.ts';
import type { WatchMessage } from './watch.ts';

/** How a client wants objects: whole, or metadata only. */
export type Form =
  | { readonly as: 'full' }
  | { readonly as: 'PartialObjectMetadata' | 'PartialObjectMetadataList'; readonly version: 'v1' | 'v1beta1' };

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

/** One object in the version and form asked for. */
export function objectChunk(object: ApiObject, type: ServedType, form: Form): JsonChunk {
  return new JsonChunk(
    () => objectValue(object, type, form),
    () => objectJson(object, type, form),
  );
}

function objectValue(object: ApiObject, type: ServedType, form: Form): unknown {
  if (form.as !== 'full')
    return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${form.version}`, metadata: object.metadata };
  const apiVersion = apiVersionOfType(type);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

function objectJson(object: ApiObject, type: ServedType, form: Form): string {
  const value = objectValue(object, type, form);
  return value === object ? remembered(whole, object, () => object) : JSON.stringify(value);
}

/** A page. Items of built-in kinds carry no apiVersion and kind, as the real server sends them. */
export function listChunk(page: Page, type: ServedType, form: Form): JsonChunk {
  const metadata = {
    // What cannot be watched (ComponentStatus) is computed and not stored: there is no revision of it.
    ...(type.verbs.includes('watch') ? { resourceVersion: String(page.revision) } : {}),
    ...(page.continue === undefined && (!type.custom || form.as !== 'full') ? {} : { continue: page.continue ?? '' }),
    ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
  };
  const [kind, apiVersion] =
    form.as === 'full'
      ? [type.listKind, apiVersionOfType(type)]
      : ['PartialObjectMetadataList', `meta.k8s.io/${form.version}`];
  const bare = form.as === 'full' && !type.custom;
  const stripped = (object: ApiObject): object => ({ ...object, apiVersion: undefined, kind: undefined });
  return new JsonChunk(
    () => ({
      kind,
      apiVersion,
      metadata,
      items: page.items.map((object) => (bare ? stripped(object) : objectValue(object, type, form))),
    }),
    () => {
      const items = page.items.map((object) =>
        bare ? remembered(untyped, object, () => stripped(object)) : objectJson(object, type, form),
      );
      return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}`;
    },
  );
}

/** One event of a watch: a line of JSON. */
export function watchChunk(message: WatchMessage, type: ServedType, form: Form): JsonChunk {
  if (message.type === 'ERROR' || message.type === 'BOOKMARK') {
    const event = {
      type: message.type,
      object: message.type === 'ERROR' ? message.status : bookmark(message, type, form),
    };
    return new JsonChunk(
      () => event,
      () => `${JSON.stringify(event)}\n`,
    );
  }
  const { object } = message;
  return new JsonChunk(
    () => ({ type: message.type, object: objectValue(object, type, form) }),
    () => `{"type":"${message.type}","object":${objectJson(object, type, form)}}\n`,
  );
}

function bookmark(
  { revision, initialEventsEnd }: Extract<WatchMessage, { type: 'BOOKMARK' }>,
  type: ServedType,
  form: Form,
): object {
  const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  return {
    kind: form.as === 'full' ? type.kind : 'PartialObjectMetadata',
    apiVersion: form.as === 'full' ? apiVersionOfType(type) : `meta.k8s.io/${form.version}`,
    metadata: { resourceVersion: String(revision), ...annotations },
  };
}

/**
 * Which form an Accept header asks for first among those there are; `unknown` where the type is right and the form is
 * none, `undefined` where it takes no type there is.
 */
export function formOf(accept: string): Form | 'unknown' | undefined {
  let found: 'unknown' | undefined;
  for (const clause of accept.split(',')) {
    const [media = '', ...parameters] = clause.split(';').map((part) => part.trim());
    if (!/^(?:|\*\/\*|application\/(?:\*|json|yaml))$/.test(media)) continue;
    const given = new Map(parameters.map((part) => [part.split('=')[0], part.split('=')[1]]));
    const as = given.get('as');
    const version = given.get('v');
    if (as === undefined) return { as: 'full' };
    if (given.get('g') === 'meta.k8s.io' && (version === 'v1' || version === 'v1beta1')) {
      if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { as, version };
    }
    found = 'unknown';
  }
  return found;
}

/** @throws StatusError 406 where a single object was asked for as a list, or a list as a single object */
export function checkForm({ as }: Form, { group, kind, listKind, custom }: ServedType, isList: boolean): void {
  if (as === 'full' || isList === (as === 'PartialObjectMetadataList')) return;
  const name = group === '' ? 'core' : (group.split('.')[0] ?? '');
  const shown = custom ? `*unstructured.Unstructured${isList ? 'List' : ''}` : `*${name}.${isList ? listKind : kind}`;
  throw wrongForm(`you requested ${as}, but the requested object is ${isList ? 'a' : 'not a'} list (${shown})`);
}
