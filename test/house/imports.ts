import { posix } from 'node:path';
import ts from 'typescript';
import type { Source } from './sources.ts';

/** One import or re-export of a file. */
export interface Import {
  readonly from: string;
  /** As written. */
  readonly specifier: string;
  /** The file it means, from the top; `undefined` for a package. */
  readonly file: string | undefined;
  readonly typeOnly: boolean;
  readonly lazy: boolean;
}

function imported(node: ts.Node): { specifier: string; typeOnly: boolean; lazy: boolean } | undefined {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
    if (!ts.isStringLiteral(node.moduleSpecifier)) return undefined;
    const typeOnly = ts.isImportDeclaration(node)
      ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      : node.isTypeOnly;
    return { specifier: node.moduleSpecifier.text, typeOnly, lazy: false };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    if (argument !== undefined && ts.isStringLiteral(argument))
      return { specifier: argument.text, typeOnly: false, lazy: true };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal))
    return { specifier: node.argument.literal.text, typeOnly: true, lazy: false };
  return undefined;
}

/** Everything a file imports, in whatever form. */
export function importsOf({ path, text }: Source): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const one = imported(node);
    if (one !== undefined)
      found.push({
        ...one,
        from: path,
        file: one.specifier.startsWith('.') ? posix.join(posix.dirname(path), one.specifier) : undefined,
      });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true));
  return found;
}

/** Rooms of the house by floor; what stands together in a list shares the room. */
const floors: readonly (readonly (readonly string[])[])[] = [
  [['errors.ts', 'types.ts', 'internal']],
  [['workflow'], ['kube']],
  [['kubesphere'], ['journal']],
  [['modules']],
  [['federation.ts']],
  [['migration']],
  [['index.ts'], ['testing'], ['render']],
];

function place(file: string): { floor: number; room: readonly string[] } | undefined {
  const name = file.split('/')[1] ?? '';
  for (const [floor, rooms] of floors.entries())
    for (const room of rooms) if (room.includes(name)) return { floor, room };
  return undefined;
}

/** Imports of the source that lead upwards, into another room of the same floor, or out of the house. */
export function misplacedImports(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const here = place(source.path);
    if (here === undefined) return [`${source.path} stands on no floor`];
    return importsOf(source).flatMap(({ file, specifier }) => {
      if (file === undefined) return [];
      const there = file.startsWith('src/') ? place(file) : undefined;
      const allowed = there !== undefined && (there.floor < here.floor || there.room === here.room);
      return allowed ? [] : [`${source.path} imports ${specifier}`];
    });
  });
}

/** Packages that one file alone may import as a value, so that one place knows them. */
const keepers: Readonly<Record<string, { readonly file: string; readonly lazy: boolean }>> = {
  'p-retry': { file: 'src/internal/retry.ts', lazy: false },
  eventemitter3: { file: 'src/internal/emitter.ts', lazy: false },
  '@kubernetes/client-node': { file: 'src/kube/kubeconfig.ts', lazy: true },
};

/** Value imports of those packages by another file, or at another time. */
export function strayImports(sources: readonly Source[]): string[] {
  return sources.flatMap((source) =>
    importsOf(source).flatMap(({ specifier, typeOnly, lazy }) => {
      const keeper = keepers[specifier];
      if (keeper === undefined || typeOnly || (source.path === keeper.file && lazy === keeper.lazy)) return [];
      return [`${source.path} imports ${specifier}${keeper.lazy && !lazy ? ' at once' : ''}`];
    }),
  );
}
