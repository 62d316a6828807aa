import ts from 'typescript';
import { root } from './sources.ts';

const config = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config;
const { options: projectOptions } = ts.parseJsonConfigFileContent(config, ts.sys, root);

/** Code blocks of a Markdown text in one language. */
export function codeBlocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code);
}

/** What the compiler says of files that exist in memory only, at the top of the project and under its strict settings, but for `more`. */
export function typeErrors(files: Readonly<Record<string, string>>, more: ts.CompilerOptions = {}): string[] {
  const options = { ...projectOptions, ...more };
  const texts = new Map(Object.entries(files).map(([name, text]) => [`${root}${name}`, text]));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, version, ...rest) => {
    const text = texts.get(name);
    return text === undefined
      ? getSourceFile.call(host, name, version, ...rest)
      : ts.createSourceFile(name, text, version);
  };
  host.fileExists = (name) => texts.has(name) || fileExists.call(host, name);
  host.readFile = (name) => texts.get(name) ?? readFile.call(host, name);
  const program = ts.createProgram([...texts.keys()], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ messageText, file }) =>
        `${(file?.fileName ?? '').replace(root, '')}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
}
