import type { Call, Ground } from './call.ts';
import { tableOf } from './call.ts';
import type { ServedType } from './catalogue.ts';
import { type Body, contentOf } from './content/content.ts';
import type { JsonText } from './content/json-text.ts';
import { create } from './create.ts';
import { checkGetVersion, list, type Page } from './list.ts';
import type { ApiObject } from './object.ts';
import { checkListOptions, checkWriteOptions } from './options.ts';
import { checkPatchType } from './patches.ts';
import { remove, removeCollection } from './remove.ts';
import { review } from './reviews.ts';
import { proxyRefusal } from './service-proxy.ts';
import {
  badRequest,
  methodNotAllowed,
  notFound,
  qualified,
  type Status,
  StatusError,
  unknownResource,
} from './status.ts';
import { keyOf } from './store.ts';
import { inVersion, patch, update } from './update.ts';

/** What a request other than a watch came to. */
export type Outcome =
  | { readonly kind: 'object'; readonly code: 200 | 201; readonly object: ApiObject }
  | { readonly kind: 'page'; readonly page: Page }
  | { readonly kind: 'status'; readonly status: Status };

const subresourceVerbs: Readonly<Record<string, readonly string[]>> = {
  status: ['get', 'update', 'patch'],
  finalize: ['update'],
  proxy: ['get', 'create', 'update', 'patch', 'delete'],
};

/** Whether the resource of `call` knows `verb`; `method` is that of the request. @throws StatusError 400, 404, 405 */
export function checkVerb(call: Call, verb: string | undefined, method: string): asserts verb is string {
  const { type, subresource, namespace } = call;
  if (type.custom) return checkCustomVerb(call, verb, method);
  if (!type.namespaced && namespace !== undefined) throw unknownResource();
  // What is only asked has neither an address of its own nor one for all namespaces.
  const isAnswered = !type.verbs.includes('get');
  if (isAnswered && (call.name !== '' || (type.namespaced && namespace === undefined))) throw unknownResource();
  if (type.namespaced && namespace === undefined && verb !== 'list' && verb !== 'watch') {
    throw call.name === '' ? methodNotAllowed() : unknownResource();
  }
  if (subresource === undefined) {
    const named = verb === 'create' && call.name !== '';
    if (verb === undefined || named || !type.verbs.includes(verb)) throw methodNotAllowed();
    return;
  }
  if (!isSubresource(type, subresource)) throw unknownResource();
  if (verb === undefined || !subresourceVerbs[subresource]?.includes(verb)) throw methodNotAllowed();
}

function isSubresource({ status, storage }: ServedType, subresource: string): boolean {
  if (subresource === 'status') return status;
  return subresource === 'finalize' ? storage === 'namespaces' : subresource === 'proxy' && storage === 'services';
}

/** Custom resources are served by another part of the real server, which refuses in other words. */
function checkCustomVerb(
  { type, subresource, name }: Call,
  verb: string | undefined,
  method: string,
): asserts verb is string {
  const known = verb !== undefined && (subresource === undefined || subresourceVerbs['status']?.includes(verb));
  if (subresource !== undefined && (subresource !== 'status' || !type.status)) throw notFound(type, name);
  if (name === '' && (method === 'PUT' || method === 'PATCH')) throw badRequest('name must be provided');
  if (known) return;
  const what = `${verb ?? ''} is not supported on resources of kind ${JSON.stringify(qualified(type))}`;
  throw new StatusError(405, 'MethodNotAllowed', what, { group: type.group, kind: type.plural });
}

/** Does what a request asks for. @throws StatusError */
export async function perform(ground: Ground, call: Call, verb: string, body: Body): Promise<Outcome> {
  const { type, name, namespace, subresource } = call;
  if (subresource === 'proxy') throw proxyRefusal(ground.store, call);
  const content = (): JsonText => contentOf(call, verb, body);
  checkWriteOptions(call, verb);
  switch (verb) {
    case 'get': {
      checkGetVersion(ground.store, call.query);
      const found = tableOf(ground, call).get(keyOf(namespace, name));
      if (found === undefined) throw notFound(type, name);
      return { kind: 'object', code: 200, object: inVersion(call, found) };
    }
    case 'list':
      checkListOptions(call.query, false);
      return { kind: 'page', page: list(ground.store, type, namespace, call.query) };
    case 'create':
      if (!type.verbs.includes('get'))
        return { kind: 'object', code: 201, object: review(ground.store, call, content()) };
      return { kind: 'object', code: 201, object: await create(ground, call, content()) };
    case 'update': {
      const { created, object } = await update(ground, call, content());
      return { kind: 'object', code: created ? 201 : 200, object };
    }
    case 'patch':
      checkPatchType(call, body.mediaType);
      return { kind: 'object', code: 200, object: await patch(ground, call, body.mediaType, content().value) };
    case 'delete': {
      const left = await remove(ground, call, content().value);
      return isStatus(left) ? { kind: 'status', status: left } : { kind: 'object', code: 200, object: left };
    }
    case 'deletecollection': {
      return { kind: 'page', page: await removeCollection(ground, call, content().value) };
    }
    default:
      throw methodNotAllowed();
  }
}

function isStatus(value: ApiObject | Status): value is Status {
  return value.kind === 'Status';
}
