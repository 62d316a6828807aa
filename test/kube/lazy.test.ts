import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

describe('client-node, which takes a second and 100 MB to load,', () => {
  it('is imported for its values in one place only, and there not before it is needed', async () => {
    const importers: string[] = [];
    for (const entry of await readdir(join(root, 'src'), { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith('.ts')) continue;
      const lines = (await readFile(join(entry.parentPath, entry.name), 'utf8')).split('\n');
      for (const line of lines)
        if (line.includes("'@kubernetes/client-node'") && !line.startsWith('import type'))
          importers.push(`${entry.name}: ${line.trim()}`);
    }
    expect(importers).toEqual(["kubeconfig.ts: clientNode ??= import('@kubernetes/client-node');"]);
  });

  it('is not loaded by importing src/kube, only by connecting', async () => {
    const script = `
      import { registerHooks } from 'node:module';
      let loaded = false;
      registerHooks({ load(url, context, next) { loaded ||= url.includes('client-node'); return next(url, context); } });
      const { connectCluster } = await import(${JSON.stringify(join(root, 'src/kube/connect.ts'))});
      const before = loaded;
      await connectCluster({ kubeconfig: '{"clusters": [], "contexts": []}' }).catch(() => undefined);
      console.log(JSON.stringify([before, loaded]));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script]);
    expect(JSON.parse(stdout)).toEqual([false, true]);
  });
});
