import { expect, expectTypeOf, test } from 'vitest';
import { catalogue, componentNames, seenNames } from '../../../src/modules/components/catalogue.ts';
import type { PluggableComponent } from '../../../src/modules/components/component.ts';
import type { Setting } from '../../../src/modules/components/settings.ts';
import { notServed, wantedSettings } from '../../../src/modules/components/wanted-settings.ts';
import type { Components } from '../../../src/modules/components.ts';

const all = Object.values(catalogue);

test('has every row of the domain reference, 1.9, with its entry in the status', () => {
  expect(Object.fromEntries(all.map(({ name, statusPath = [] }) => [name, statusPath.join('.')]))).toEqual({
    core: 'core',
    'app-store': '',
    devops: 'devops',
    logging: 'logging',
    es: 'es',
    opensearch: 'opensearch',
    'fluent-bit': 'fluentbit',
    events: 'events',
    auditing: 'auditing',
    alerting: 'alerting',
    'metrics-server': 'metricsServer',
    monitoring: 'monitoring',
    'service-mesh': 'servicemesh',
    'network-policy': '',
    'ip-pools': '',
    'service-topology': 'network.topology',
    kubeedge: 'edgeruntime',
    gatekeeper: 'gatekeeper',
    terminal: '',
    redis: 'redis',
    openldap: 'openldap',
    minio: 'minio',
    mysql: 'mysql',
    gpu: '',
    'multi-cluster': 'multicluster',
    authentication: '',
  });
  for (const [name, one] of Object.entries(catalogue)) expect(one.name).toBe(name);
  expect(componentNames).toEqual([...componentNames].sort());
});

test('says of each component that can be seen where, and of no other', () => {
  const visible = all.filter(({ statusPath, configz }) => statusPath !== undefined || configz !== undefined);
  expect(visible.map(({ name }) => name).sort()).toEqual(seenNames);
});

test('has for each setting a default of its kind, in releases that have the component', () => {
  let checked = 0;
  for (const { name, versions, section, settings } of all)
    for (const [setting, { defaults }] of Object.entries<Setting>(settings))
      for (const [version, value] of Object.entries(defaults)) {
        expect(versions, `${name} ${setting}`).toContain(version);
        if (value === null) continue;
        const asPluggable = { name, section, settings } as unknown as PluggableComponent;
        const [found] = wantedSettings(asPluggable, { [setting]: value });
        expect(found?.path).toEqual([...section, ...setting.split('.')]);
        checked += 1;
      }
  expect(checked).toBeGreaterThan(all.length);
});

test('keeps the switches out of the settings, and on top of what they switch', () => {
  for (const one of all) {
    if (!one.pluggable) continue;
    const settings = Object.keys(one.settings).map((setting) => [...one.section, setting].join('.'));
    for (const { path } of one.switches) expect(settings).not.toContain(path.join('.'));
    if (settings.length > 0) expect(one.switches.map(({ path }) => path)).toContainEqual([...one.section, 'enabled']);
  }
});

test.each([
  ['alerting', { 'thanosruler.replicas': 1.5 }, 'a whole number'],
  ['devops', { jenkinsCpuReq: 0 }, 'a number above 0'],
  ['devops', { jenkinsVolumeSize: '16 GB' }, 'a quantity'],
  ['events', { 'ruler.enabled': 'true' }, 'true or false'],
  ['kubeedge', { 'cloudCore.cloudHub.advertiseAddress': [''] }, 'a list of texts'],
  ['kubeedge', { 'cloudCore.cloudHub.advertiseAddress': [] }, 'a list of texts'],
  ['service-mesh', { 'istio.components.ingressGateways': [{ name: 'one' }] }, 'a list of { name, enabled }'],
  [
    'service-mesh',
    { 'istio.components.ingressGateways': [{ name: 'one', enabled: true, k8s: {} }] },
    'a list of { name, enabled }',
  ],
  ['auditing', { enabled: true }, 'is no setting of auditing, which has none'],
] as const)('refuses %s with %j', (name, given, words) => {
  expect(() => wantedSettings(catalogue[name], given)).toThrow(
    expect.objectContaining({
      code: 'INVALID',
      details: { field: `settings.${Object.keys(given)[0]}` },
      message: expect.stringContaining(words),
    }),
  );
});

test('knows which release has which setting', () => {
  const given = wantedSettings(catalogue.devops, { jenkinsCpuLim: 2, jenkinsMemoryLim: '6Gi' });
  const version = { text: '', major: 3, line: '3.x' } as const;
  expect(notServed(given, { ...version, minor: 3 })).toEqual(['jenkinsCpuLim']);
  expect(notServed(given, { ...version, minor: 4 })).toEqual([]);
});

test('is narrow: names and settings are known to the compiler', () => {
  expectTypeOf<(typeof catalogue)['logging']['name']>().toEqualTypeOf<'logging'>();
  expectTypeOf<(typeof catalogue)['logging']['pluggable']>().toEqualTypeOf<true>();
  const calls = ({ enable }: Components) => {
    const clusters = ['m'];
    enable('logging', { clusters, settings: { 'logsidecar.replicas': 3 } });
    // @ts-expect-error: it cannot be switched
    enable('monitoring', { clusters });
    // @ts-expect-error: of another component
    enable('logging', { clusters, settings: { 'ruler.replicas': 3 } });
    // @ts-expect-error: of another kind
    enable('logging', { clusters, settings: { 'logsidecar.replicas': 'three' } });
    // @ts-expect-error: it has none
    enable('auditing', { clusters, settings: { enabled: true } });
  };
  expectTypeOf(calls).toBeFunction();
});
