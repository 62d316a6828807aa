import { invalid } from '../../kubesphere/validation.ts';
import type { KubeSphereVersion } from '../../kubesphere/version.ts';
import type { Json } from '../../types.ts';
import type { PluggableComponent } from './component.ts';
import type { InstallerVersion, Setting, SettingKind } from './settings.ts';

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isName: Check = (value) => isText(value) && value !== '';
const isListOf =
  (is: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every(is);
/** Of an object: each of these keys, and no other. */
const hasOnly =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length === Object.keys(fields).length &&
    Object.entries(fields).every(([key, is]) => is((value as Readonly<Record<string, unknown>>)[key]));

const checks: Readonly<Record<SettingKind, readonly [is: Check, words: string]>> = {
  boolean: [isFlag, 'true or false'],
  count: [(value) => Number.isSafeInteger(value) && Number(value) >= 0, 'a whole number from 0 on'],
  number: [(value) => Number.isFinite(value) && Number(value) > 0, 'a number above 0'],
  quantity: [
    (value) => typeof value === 'string' && /^\d+(\.\d+)?([EPTGMk]|[EPTGMK]i|m)?$/.test(value),
    'a quantity, as 4Gi',
  ],
  text: [isText, 'a text'],
  texts: [isListOf(isName), 'a list of texts, none of them empty'],
  gateways: [isListOf(hasOnly({ name: isName, enabled: isFlag })), 'a list of { name, enabled }'],
  'gpu-kinds': [
    isListOf(hasOnly({ resourceName: isName, resourceType: isName, default: isFlag })),
    'a list of { resourceName, resourceType, default }',
  ],
};

/** A setting that a component is to be switched on with. */
export interface WantedSetting {
  readonly setting: string;
  /** Keys below `spec`. */
  readonly path: readonly string[];
  readonly value: Json;
  readonly in: readonly InstallerVersion[];
}

/**
 * The settings given for a component, by where they stand.
 *
 * @throws FederationError `INVALID` naming `settings.` and the one that is wrong
 */
export function wantedSettings(
  { name, section, settings }: PluggableComponent,
  given: unknown,
): readonly WantedSetting[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalid('settings', 'must be an object of settings.');
  const known: Readonly<Record<string, Setting>> = settings;
  return Object.entries(given as Readonly<Record<string, Json>>).map(([setting, value]) => {
    const field = `settings.${setting}`;
    const found = Object.hasOwn(known, setting) ? known[setting] : undefined;
    if (found === undefined)
      throw invalid(field, `is no setting of ${name}, which has ${Object.keys(known).sort().join(', ') || 'none'}.`);
    const [is, words] = checks[found.kind];
    if (!is(value)) throw invalid(field, `must be ${words}.`);
    const versions = Object.keys(found.defaults) as InstallerVersion[];
    return { setting, path: [...section, ...setting.split('.')], value, in: versions };
  });
}

/** Those that the installer of a cluster does not know. */
export const notServed = (settings: readonly WantedSetting[], { minor }: KubeSphereVersion): readonly string[] =>
  settings.flatMap((one) => (one.in.includes(minor === 3 ? '3.3' : '3.4') ? [] : [one.setting]));
