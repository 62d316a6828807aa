import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importsOf } from '../house/imports.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { dependencies, scripts, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Somebody's project, with the packed package and what it says it depends on, and nothing else. */
const consumer = mkdtempSync(join(tmpdir(), 'kubesphere-federation-consumer-'));
const installed = join(consumer, 'node_modules/kubesphere-federation');

function link(name: string): void {
  const path = join(consumer, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), path);
}

function node(script: string): unknown {
  const at = join(consumer, 'script.mjs');
  writeFileSync(at, script);
  return JSON.parse(execFileSync(process.execPath, [at], { cwd: consumer, encoding: 'utf8' }));
}

beforeAll(() => {
  execFileSync('npm', ['pack', '--pack-destination', consumer], { cwd: root, stdio: 'pipe' });
  mkdirSync(installed, { recursive: true });
  const tarball = join(consumer, `kubesphere-federation-${version}.tgz`);
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  for (const name of Object.keys(dependencies)) link(name);
  link('@types/node');
  writeFileSync(join(consumer, 'package.json'), '{ "type": "module" }');
}, 300_000);

afterAll(() => rmSync(consumer, { recursive: true, force: true }));

describe('the packed package', () => {
  it('holds the bundles, their types and the papers, and no more', () => {
    expect(readdirSync(installed).sort()).toEqual([
      ...['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'examples', 'package.json'],
    ]);
    const kinds = readdirSync(join(installed, 'dist')).map((name) => name.replace(/chunk-\w+/, 'chunk'));
    expect(new Set(kinds)).toEqual(
      new Set([
        'chunk.js',
        'chunk.js.map',
        'index.d.ts',
        'index.js',
        'index.js.map',
        'testing.d.ts',
        'testing.js',
        'testing.js.map',
      ]),
    );
  });

  it('has been built with types that npm start leaves where they are', () => {
    const [build = ''] = scripts.start.split(' && ');
    const bin = `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH']}`;
    execFileSync(build, { cwd: root, shell: true, env: { ...process.env, PATH: bin }, stdio: 'pipe' });
    expect(readdirSync(join(root, 'dist'))).toEqual(expect.arrayContaining(['index.d.ts', 'testing.d.ts']));
  });

  it('runs from both entry points, which share one FederationError', () => {
    const seen = node(`
      import { FederationError, memberMigration } from 'kubesphere-federation';
      import { createSandbox, until } from 'kubesphere-federation/testing';
      const error = await until('never', async () => false, { timeoutMs: 0, everyMs: 1 }).catch((error) => error);
      await using sandbox = await createSandbox({ clusters: { a: { role: 'host' } } });
      console.log(JSON.stringify({
        one: error instanceof FederationError,
        code: error.code,
        workflow: memberMigration.name,
        version: await sandbox.clusters.a.connection.version(),
      }));`);
    expect(seen).toEqual({
      one: true,
      code: 'NOT_OBSERVED',
      workflow: 'member-migration',
      version: expect.stringMatching(/^v1\./),
    });
  });

  it('loads client-node when it is needed, and not before', () => {
    const imports = readdirSync(join(installed, 'dist'))
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) => importsOf({ path: name, text: readFileSync(join(installed, 'dist', name), 'utf8') }))
      .filter(({ specifier }) => specifier === '@kubernetes/client-node');
    expect(imports.map(({ lazy }) => lazy)).toEqual([true]);
  });

  it('imports nothing that it does not declare', () => {
    const names = readdirSync(join(installed, 'dist'))
      .filter((name) => name.endsWith('.js') || name.endsWith('.d.ts'))
      .flatMap((name) => importsOf({ path: name, text: readFileSync(join(installed, 'dist', name), 'utf8') }))
      .filter(({ specifier, file }) => file === undefined && !specifier.startsWith('node:'))
      .map(({ specifier }) => specifier);
    expect(names.filter((name) => !(name in dependencies))).toEqual([]);
  });

  it('has types that a strict consumer can use, whole libraries checked', () => {
    writeFileSync(
      join(consumer, 'consumer.ts'),
      `import { Federation, FederationError, fileJournal, memberMigration, run, type MigrationEnv, type MigrationReport } from 'kubesphere-federation';
      import { createSandbox, seedMember } from 'kubesphere-federation/testing';
      export async function move(env: MigrationEnv): Promise<MigrationReport> {
        const handle = await run(memberMigration, { retain: 'all' }, { env, journal: fileJournal('./runs') });
        handle.on('step:failed', ({ error }) => console.log(error.code satisfies string));
        return handle.result();
      }
      await using sandbox = await createSandbox({ clusters: { a: { role: 'host' }, m: { role: 'standalone' } } });
      const { a, m } = sandbox.clusters;
      await seedMember({ host: a.connection, member: m.connection, name: 'm', kubeconfig: m.kubeconfig, workspaces: { t: 1 } });
      // A connection of the sandbox is a connection of the package.
      const host: Federation['host']['connection'] = a.connection;
      // @ts-expect-error: there is no such code
      FederationError.is(host, 'NO_SUCH_CODE');
      // @ts-expect-error: retain is needed
      await run(memberMigration, {}, { env: {} as MigrationEnv, journal: fileJournal('./runs') });
      `,
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--module'];
    const more = ['nodenext', '--target', 'es2023', '--lib', 'es2024,esnext.disposable', '--types', 'node'];
    const all = [tsc, ...options, ...more, '--skipLibCheck', 'false', 'consumer.ts'];
    const complaints = (): string => {
      try {
        return execFileSync(process.execPath, all, { cwd: consumer, encoding: 'utf8' });
      } catch (error) {
        return String((error as { readonly stdout?: unknown }).stdout);
      }
    };
    expect(complaints()).toBe('');
  });
});
