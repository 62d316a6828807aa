import { type SpawnOptions, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The names of the three programs of a control plane. */
const programNames = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const;

const source = import.meta.dirname;
const sourceFiles = ['go.mod', 'go.sum', 'main.go'] as const;
const oldestGo = [1, 24] as const;
const remedy =
  `Install Go >= ${oldestGo.join('.')} (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a directory with ` +
  programNames.join(', ');

/**
 * Returns the directory of etcd, kube-apiserver and kube-controller-manager: the one named by `KUBEBUILDER_ASSETS` when
 * it is set, otherwise a cache folder of this user's, where they are built with Go unless that was done before. Building
 * takes minutes and says so on stderr. Aborting the signal ends it.
 */
export async function controlPlaneAssets(options: { readonly signal?: AbortSignal } = {}): Promise<string> {
  const { KUBEBUILDER_ASSETS: given } = process.env;
  if (given !== undefined && given !== '') {
    const missing = await missingPrograms(given);
    if (missing.length > 0) {
      throw new Error(
        `KUBEBUILDER_ASSETS is ${given}, which has no executable ${missing.join(', ')}. Put it there (envtest's own ` +
          'downloads lack kube-controller-manager), or unset KUBEBUILDER_ASSETS to have all three built with Go.',
      );
    }
    return given;
  }
  const contents = await Promise.all(sourceFiles.map((file) => readFile(join(source, file), 'utf8')));
  const key = createHash('sha256').update(contents.join('')).digest('hex');
  const cache = join(cacheHome(), 'kubesphere-federation', 'control-plane');
  const assets = join(cache, key);
  if ((await missingPrograms(assets)).length > 0) {
    await build({ cache, assets, version: kubernetesVersion(contents[0]), signal: options.signal });
  }
  return assets;
}

interface Build {
  readonly cache: string;
  readonly assets: string;
  readonly version: string;
  readonly signal: AbortSignal | undefined;
}

/** Builds beside the final place and renames: `assets` is absent or whole, whoever else builds or is interrupted. */
async function build({ cache, assets, version, signal }: Build): Promise<void> {
  await checkGo();
  await mkdir(cache, { recursive: true });
  const [program, ...links] = programNames;
  const workshop = await mkdtemp(`${assets}.`);
  process.stderr.write(
    `Building the Kubernetes ${version} control plane with Go into ${assets}. ` +
      'This takes minutes (about 8 on two cores), once per machine.\n',
  );
  const started = performance.now();
  try {
    const ldflags = `-s -w -X k8s.io/component-base/version.gitVersion=${version}`;
    const args = ['build', '-mod=readonly', '-buildvcs=false', '-trimpath', `-ldflags=${ldflags}`];
    const built = await run('go', [...args, '-o', join(workshop, program), '.'], {
      cwd: source,
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
      stdio: ['ignore', 2, 2],
      killSignal: 'SIGINT',
      ...(signal && { signal }),
    });
    if (built.code !== 0) {
      throw new Error(`go build in ${source} ended with code ${built.code}; what it said is above. ${remedy}.`);
    }
    await Promise.all(links.map((name) => symlink(program, join(workshop, name))));
    await rename(workshop, assets).catch(async (error: unknown) => {
      // Somebody else was faster: a directory that is not empty cannot be renamed over.
      if ((await missingPrograms(assets)).length > 0) {
        throw new Error(`${assets} is there but incomplete: remove it and try again`, { cause: error });
      }
    });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  process.stderr.write(`Built the control plane in ${Math.round((performance.now() - started) / 1000)} s.\n`);
}

async function missingPrograms(directory: string): Promise<string[]> {
  const there = await Promise.all(
    programNames.map((name) =>
      access(join(directory, name), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return programNames.filter((_, index) => there[index] !== true);
}

async function checkGo(): Promise<void> {
  const go = await run('go', ['env', 'GOVERSION'], { cwd: source, stdio: ['ignore', 'pipe', 'pipe'] }).catch(
    (error: unknown) => {
      throw new Error(`the control plane cannot be built: there is no Go on the PATH. ${remedy}.`, { cause: error });
    },
  );
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(go.stdout) ?? [];
  const newEnough = Number(major) > oldestGo[0] || (Number(major) === oldestGo[0] && Number(minor) >= oldestGo[1]);
  if (go.code !== 0 || !newEnough) {
    const found = (go.code === 0 ? go.stdout : go.stderr).trim();
    throw new Error(`the control plane cannot be built: this Go is too old or does not work (${found}). ${remedy}.`);
  }
}

function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    const child = spawn(command, args, options);
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', (error) => reject(options.signal?.aborted ? options.signal.reason : error));
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function kubernetesVersion(goMod: string | undefined): string {
  const version = /^require k8s\.io\/kubernetes (v\S+)$|^\tk8s\.io\/kubernetes (v\S+)$/m.exec(goMod ?? '');
  const found = version?.[1] ?? version?.[2];
  if (found === undefined) {
    throw new Error(`${join(source, 'go.mod')} does not require k8s.io/kubernetes: restore it from git`);
  }
  return found;
}

function cacheHome(): string {
  const { XDG_CACHE_HOME: home } = process.env;
  // As its specification says: a relative path in it is to be ignored.
  return home !== undefined && isAbsolute(home) ? home : join(homedir(), '.cache');
}
