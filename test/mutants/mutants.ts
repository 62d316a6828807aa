import { admissionMutants } from './admission.ts';
import { forwardMutants } from './forward.ts';
import { journalMutants } from './journal.ts';
import type { Mutant } from './tree.ts';
import { undoMutants } from './undo.ts';

/** Mistakes that the engine's tests must notice, each by itself. */
export const mutants: readonly Mutant[] = [...forwardMutants, ...undoMutants, ...journalMutants, ...admissionMutants];
