/**
 * Makes the type declarations of the package, one file for each entry point. With `--check` a public surface that is no
 * longer the one reported in docs/api is an error; with `--update` the report follows it.
 */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConsoleMessageId, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const declarations = `${root}temp/declarations`;
const check = process.argv.includes('--check');
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
  const { errorCount, apiReportChanged } = Extractor.invoke(config, {
    localBuild: update,
    messageCallback(message) {
      // What a changed report means is said below.
      if (message.messageId === ConsoleMessageId.ApiReportNotCopied) message.logLevel = ExtractorLogLevel.None;
    },
  });
  const stale = apiReportChanged && !update;
  if (stale)
    console.error(
      `The public surface of "${name}" is not docs/api/${name}.api.md. Meant so? npm run api, and commit it.`,
    );
  return errorCount === 0 && !(check && stale);
}

const done =
  emit() &&
  Object.entries(entries)
    .map(([name, entry]) => rollUp(name, entry))
    .every(Boolean);
process.exit(done ? 0 : 1);
