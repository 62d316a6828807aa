/**
 * Makes the type declarations of the package, one file for each entry point, and compares the public surface with its
 * API report in docs/api. With `--update` a changed report is accepted; without, it is an error.
 */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const declarations = `${root}temp/declarations`;
const update = process.argv.includes('--update');

/** Entry points: the name of the bundle, and the source below src. */
const entries = { index: 'index', testing: 'testing/index' };

/** The source's declarations, file by file, as api-extractor reads them. */
function emit(): boolean {
  rmSync(declarations, { recursive: true, force: true });
  const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram(
    Object.values(entries).map((entry) => `${root}src/${entry}.ts`),
    {
      ...options,
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: `${root}src`,
      outDir: declarations,
    },
  );
  const { diagnostics } = program.emit();
  const found = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (found.length > 0) console.error(ts.formatDiagnostics(found, formatHost));
  return found.length === 0;
}

const formatHost: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => root,
  getNewLine: () => '\n',
};

function rollUp(name: string, entry: string): boolean {
  const configFile = `${root}api-extractor.json`;
  const base = ExtractorConfig.loadFile(configFile);
  const config = ExtractorConfig.prepare({
    configObjectFullPath: configFile,
    packageJsonFullPath: `${root}package.json`,
    configObject: {
      ...base,
      mainEntryPointFilePath: `${declarations}/${entry}.d.ts`,
      apiReport: { ...base.apiReport, enabled: true, reportFileName: name },
      dtsRollup: { ...base.dtsRollup, enabled: true, untrimmedFilePath: `${root}dist/${name}.d.ts` },
    },
  });
  const { succeeded, apiReportChanged } = Extractor.invoke(config, { localBuild: update });
  if (apiReportChanged && !update)
    console.error(
      `The public surface of "${name}" is no longer docs/api/${name}.api.md. Meant so? npm run api, and commit it.`,
    );
  return succeeded;
}

const done =
  emit() &&
  Object.entries(entries)
    .map(([name, entry]) => rollUp(name, entry))
    .every(Boolean);
process.exit(done ? 0 : 1);
