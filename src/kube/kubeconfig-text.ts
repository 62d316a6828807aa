import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { parseDocument } from 'yaml';
import type { FederationError } from '../errors.ts';
import { isRecord, parseJson } from './json.ts';
import type { KubeConfigLike } from './kubeconfig.ts';
import { codeOf } from './system-error.ts';

/** Makes the error for a kubeconfig from what is wrong with it. */
export type Invalid = (what: string) => FederationError;

/** A kubeconfig's data. */
export interface Parsed {
  readonly config: KubeConfigLike;
  /** By user name: client-node 2.0 does not read the field `tokenFile`. */
  readonly tokenFiles: ReadonlyMap<string, string>;
  readonly folder: string | undefined;
}

/** Whether it is YAML or JSON text rather than a path. */
export const isText = (source: string): boolean => /\n|^\s*[{[]|^\s*[\w-]+\s*:(?:\s|$)/.test(source);

/** Reads a file or text into `config`. */
export async function readKubeconfig(source: string, config: KubeConfig, invalid: Invalid): Promise<Parsed> {
  const folder = isText(source) ? undefined : dirname(resolve(source));
  const text = folder === undefined ? source : await read(source, invalid);
  const raw = yaml(text, invalid);
  if (!isRecord(raw) || !Array.isArray(raw['clusters']) || !Array.isArray(raw['contexts']))
    throw invalid(
      'is YAML but no kubeconfig: it has no lists "clusters" and "contexts". Give the file that kubectl uses.',
    );
  try {
    config.loadFromString(text);
  } catch (error) {
    // Only messages that name a field: others may quote the text.
    const named = error instanceof Error && /^(?:clusters|users|contexts)\[\d+\][.\w]* is missing$/.test(error.message);
    throw invalid(
      `is no complete kubeconfig${named ? `: ${error.message}` : ''}. Compare it with one that kubectl accepts.`,
    );
  }
  if (folder !== undefined) config.makePathsAbsolute(folder);
  return { config, tokenFiles: tokenFilesOf(raw['users'], folder), folder };
}

async function read(path: string, invalid: Invalid): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw invalid(
      `cannot be read (${codeOf(error)}). Give the path of a file that exists and is readable, or the YAML text.`,
    );
  }
}

function yaml(text: string, invalid: Invalid): unknown {
  // JSON is YAML, and read much faster as what it is.
  const json = parseJson(text);
  if (json !== undefined) return json;
  const document = parseDocument(text);
  const [problem] = document.errors;
  // The parser's message quotes the line, which may hold a token: only its position is told.
  if (problem !== undefined)
    throw invalid(`is no YAML: ${problem.code} in line ${problem.linePos?.[0].line ?? '?'}. Correct it there.`);
  try {
    return document.toJS();
  } catch {
    throw invalid('is YAML that cannot be resolved. Give one without aliases.');
  }
}

/** The data of a client-node `KubeConfig`. */
export function takenData(config: KubeConfigLike, invalid: Invalid): Parsed {
  if (![config.clusters, config.contexts, config.users].every(Array.isArray))
    throw invalid('lacks clusters, contexts or users. Load a kubeconfig into it first.');
  return { config, tokenFiles: new Map(), folder: undefined };
}

function tokenFilesOf(users: unknown, folder: string | undefined): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const entry of Array.isArray(users) ? users : []) {
    if (!isRecord(entry) || !isRecord(entry['user']) || typeof entry['name'] !== 'string') continue;
    const file = entry['user']['tokenFile'];
    if (typeof file === 'string') files.set(entry['name'], folder === undefined ? file : resolve(folder, file));
  }
  return files;
}
