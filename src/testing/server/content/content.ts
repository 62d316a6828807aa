import { parseDocument } from 'yaml';
import type { Call } from '../call.ts';
import { badRequest, StatusError, unreasoned, unsupportedMediaType } from '../status.ts';
import { type JsonText, parseJson } from './json-text.ts';
import { protobufType, readProtobuf } from './protobuf.ts';

/** The body of a request: text from the wire (of protobuf: a character per byte), or content that was never text. */
export type Body = { readonly mediaType: string } & (
  | { readonly text: string; readonly content?: undefined }
  | { readonly content: unknown; readonly text?: undefined }
);

const largest = 3 * 1024 * 1024;
const yamlType = 'application/yaml';

/** Parses a body the way its verb reads it. @throws StatusError */
export function contentOf({ type: { kind, custom } }: Call, verb: string, body: Body): JsonText {
  const { text, mediaType } = body;
  if (text === undefined) return { value: body.content, duplicates: [] };
  if (text.length > largest) {
    throw new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${largest}`);
  }
  if (verb === 'patch') return patchContent(text, mediaType);
  const isYaml = mediaType === yamlType;
  if (text === '' && verb.startsWith('delete')) return { value: undefined, duplicates: [] };
  const unrecognized = (why: string): StatusError =>
    badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(text)})`);
  if (mediaType === protobufType && !custom) return protobufContent(text, unrecognized);
  if (mediaType !== '' && mediaType !== 'application/json' && !isYaml) {
    throw unsupportedMediaType(['application/json', yamlType, protobufType]);
  }
  if (verb.startsWith('delete')) {
    return attempt(text, isYaml, (why) => unreasoned(`couldn't get version/kind; json parse error: ${why}`));
  }
  const read = attempt(text, isYaml, (why) =>
    unrecognized(isYaml ? why : `couldn't get version/kind; json parse error: ${why}`),
  );
  const found = jsonName(read.value);
  if (found === 'object') return read;
  // The real server looks for version and kind first, in a structure without a name.
  const into =
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  if (found !== 'null') {
    throw unrecognized(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${found} into Go value of type ${into}`,
    );
  }
  return { value: {}, duplicates: [] };
}

/** Of kinds whose field numbers are not known, JSON is read alone; the refusal says so. */
function protobufContent(text: string, refuse: (why: string) => StatusError): JsonText {
  let value: unknown;
  try {
    value = readProtobuf(Buffer.from(text, 'latin1'));
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : 'unknown');
  }
  if (value === undefined) throw unsupportedMediaType(['application/json', yamlType]);
  return { value, duplicates: [] };
}

function patchContent(text: string, mediaType: string): JsonText {
  const strategic = mediaType === 'application/strategic-merge-patch+json';
  return attempt(text, false, (why) => badRequest(strategic ? why : `error decoding patch: ${why}`));
}

function attempt(text: string, isYaml: boolean, refuse: (why: string) => StatusError): JsonText {
  try {
    return isYaml ? parseYaml(text) : parseJson(text);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : 'unknown');
  }
}

function parseYaml(text: string): JsonText {
  const document = parseDocument(text, { uniqueKeys: false });
  const error = document.errors[0];
  if (error !== undefined)
    throw new Error(`yaml: line ${error.linePos?.[0].line ?? 1}: did not find expected node content`);
  return { value: document.toJS(), duplicates: [] };
}

/** What JSON calls a value. */
export function jsonName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

const shown = 30;

/** The beginning of a body that could not be read: an object as it is, anything else in hexadecimal. */
function summary(text: string): string {
  if (text === '') return '<empty>';
  const bytes = Buffer.from(text);
  const more = bytes.length > shown ? ' ...' : '';
  return `${bytes.subarray(0, shown).toString(text.startsWith('{') ? 'utf8' : 'hex')}${more}`;
}
