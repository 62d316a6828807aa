import { type Mutant, mutant } from './tree.ts';

/** Who may drive a run on: rule 5. */
export const admissionMutants: readonly Mutant[] = [
  mutant('identity not checked', 'admission.ts', [
    'if (canonical(state.opened.identity) === canonical(identity)) return;',
    'return;',
  ]),
  mutant('resumed by another version', 'admission.ts', ['if (opened.version !== workflow.version)', 'if (false)']),
  mutant('resumed with other steps', 'admission.ts', ['if (deciding(was) !== deciding(is))', 'if (false)']),
  mutant('resumed with more steps', 'admission.ts', [
    'Math.max(opened.steps.length, workflow.steps.length)',
    'opened.steps.length',
  ]),
  mutant('rolled back by another major', 'admission.ts', [
    'if (major(opened.version) !== major(workflow.version))',
    'if (false)',
  ]),
  mutant('rolled back without a captured step', 'admission.ts', [
    'if (is?.kind !== kind) throw',
    'if (is === undefined) continue;\n    if (is.kind !== kind) throw',
  ]),
  mutant('rolled back by a step of another kind', 'admission.ts', [
    'if (is?.kind !== kind) throw',
    'if (is === undefined) throw',
  ]),
  mutant('rolled back by a step that cannot', 'admission.ts', [
    "if (undo === 'restores' && is.undo !== undo) throw",
    'if (false) throw',
  ]),
  mutant('run begun anew under a taken id', 'opening.ts', [
    "if ((await appendEntry(ledger, 1, kept)) === 'taken')",
    'if ((await appendEntry(ledger, 1, kept)) === undefined)',
  ]),
  mutant('closed run driven on', 'engine.ts', ['if (isOver(state, verb)) return', 'if (false) return']).and(
    'start.ts',
    ['    if (isOver(state, verb)) {', '    if (false) {'],
  ),
  mutant('journal that dies with its process taken', 'engine.ts', [
    'async () => checkJournal?.(options.journal, options.env)',
    'async () => checkJournal',
  ]),
];
