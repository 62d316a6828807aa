import ts from 'typescript';

/** Exports of an entry point that have no doc comment, and how many exports there are. */
export function undocumented(program: ts.Program, entry: string): { exports: string[]; count: number } {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${entry} is no module of the program.`);
  const all = checker.getExportsOfModule(module);
  const exports = all.flatMap((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return target.getDocumentationComment(checker).length > 0 ? [] : [symbol.name];
  });
  return { exports, count: all.length };
}
