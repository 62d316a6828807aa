import { type Mutant, mutant } from './tree.ts';

/** Undo, pivot and comparison: rules 2, 3 and 4. */
export const undoMutants: readonly Mutant[] = [
  mutant('no undoing record', 'loop.ts', [
    "if (result.undo) await ledger.append({ type: 'undoing', why: failure.message, ...kept });",
    "if (result.undo) ledger.state.undoing = { at: '', driver: '', type: 'undoing', why: failure.message, ...kept };",
  ]),
  mutant('no undoing record of a rollback', 'start.ts', [
    "await ledger.append({ type: 'undoing', why: 'rollback() was called.' });",
    "state.undoing = { at: '', driver, type: 'undoing', why: 'rollback() was called.' };",
  ]),
  mutant('undoing forgotten by the next driver', 'state.ts', [
    '      state.epoch = state.seq;',
    '      state.epoch = state.seq;\n      delete state.undoing;',
  ]),
  mutant('forward-order undo', 'next.ts', ['of state.order.toReversed()', 'of state.order']),
  mutant('forward-order undo of items', 'next.ts', ['!left.has(key)).toReversed()', '!left.has(key))']),
  mutant('half-done step not undone', 'state.ts', [
    "      state.order.push(entry.step);\n      return;\n    }\n    case 'items-fixed'",
    "      return;\n    }\n    case 'items-fixed'",
  ]).and('state.ts', [
    'record.finished = { how: entry.type, out: entry.out };',
    'record.finished = { how: entry.type, out: entry.out };\n      if (record.captured !== undefined) state.order.push(entry.step);',
  ]),
  mutant('half-done items not undone', 'next.ts', [
    'filter(({ key, captured, undone }) => captured > 0 && !undone',
    'filter(({ key, done, undone }) => done && !undone',
  ]),
  mutant('no comparison before compensation', 'undo.ts', [
    "if (standing?.includes('moved')) return movedResidue(target, standing);",
    '',
  ]),
  mutant('unchanged object compensated', 'undo.ts', ["if (standing?.every((one) => one === 'before')) return [];", '']),
  mutant('no comparison before run on resume', 'single-work.ts', [
    'await refuseMoved(captured(drive, step), (what, work) => drive.work(step, what, work));',
    '',
  ]),
  mutant('no comparison before an item is run again', 'item-work.ts', [
    'if (target.seq < drive.ledger.state.epoch) await refuseMoved(target, way);',
    '',
  ]),
  mutant('intended taken for moved', 'compare.ts', ["? 'intended' : 'moved'", "? 'moved' : 'moved'"]),
  mutant('observation of too few objects', 'compare.ts', ['if (now.length !== intends.length)', 'if (false)']),
  mutant('touch after look', 'undo.ts', [
    '    if (!target.done || mayHaveBegun(drive)) await fence(target, way);\n    const standing = await look(target, way);',
    '    const standing = await look(target, way);\n    if (!target.done || mayHaveBegun(drive)) await fence(target, way);',
  ]),
  mutant('no touch before the undo of what is half done', 'undo.ts', [
    'if (!target.done || mayHaveBegun(drive)) await fence(target, way);',
    '',
  ]),
  mutant('done object touched', 'undo.ts', ['if (!target.done || mayHaveBegun(drive)) await fence', 'await fence']),
  mutant('no touch where a former driver was undoing', 'undo.ts', [
    '!target.done || mayHaveBegun(drive)',
    '!target.done',
  ]),
  mutant('residue whose text the journal refuses', 'undo.ts', [
    'redact(JSON.stringify(before))',
    'JSON.stringify(before)',
  ]),
  mutant('undo believed without a look', 'undo.ts', [
    'return after === undefined ? [] : unfinishedResidue(target, after);',
    'return [];',
  ]),
  mutant('undo stops at the first that fails', 'undo.ts', ['if (drive.isFatal(error)) throw error;', 'throw error;']),
  mutant('no late-create look', 'loop.ts', ['  if (await lookAgain(drive, names)) return;', '']),
  mutant('late create not looked for before the undo of what it stands on', 'next.ts', [
    'const lookAgain = outline.undoNeeds.filter(',
    'const lookAgain = ([] as string[]).filter(',
  ]),
  mutant('late create that is left does not count for what it stands on', 'next.ts', [
    'return record.undone && record.residue.length === 0;',
    'return record.undone;',
  ]),
  mutant('late create not waited for', 'takeover.ts', ['  await pauseFor(tuning.clock, lateMs, backward);\n', '']),
  mutant('late create waited for by who is no longer the driver', 'takeover.ts', ['lateMs, backward)', 'lateMs)']),
  mutant('late create waited for from the beginning of the drive', 'loop.ts', ['    drive.undoes();\n', '']),
  mutant('object put back taken for a late create', 'takeover.ts', [
    'creates(intends) && intends.every(',
    'creates(intends) && ([] as typeof intends).every(',
  ]),
  mutant('done create looked for as late', 'next.ts', [
    'return record.finished === undefined && creates(',
    'return creates(',
  ]),
  mutant('undo begins while something is unreachable', 'loop.ts', [
    'else if (silent !== undefined) {',
    'else if (silent !== undefined && false) {',
  ]),
  mutant('wish to pause while it is asked whether all answer undoes', 'loop.ts', [
    "if (forward.aborted) result = { undo: false, why: 'requested' };\n    else if",
    'if',
  ]),
  mutant('answer whether all answer waited for however long', 'within.ts', [
    'timeoutMs === undefined ? undefined : clock.after(timeoutMs, late)',
    'clock.after(0, () => undefined)',
  ]),
  mutant('wish to pause does not end a question', 'within.ts', [
    "  signal?.addEventListener('abort', follow, { once: true });\n",
    '',
  ]),
  mutant('caller not heard while the run is first read', 'engine.ts', ['      signal: options.signal,\n', '']),
  mutant('journal waited for however long by an undo', 'befores.ts', ['    timeoutMs: readTimeoutMs,\n', '']),
  mutant('resume and rollback do not ask who answers', 'engine.ts', [
    'async () => reach?.(options.env, { pastPivot })',
    'async () => pastPivot',
  ]),
  mutant('undo under the cancelled signal', 'drive.ts', [
    'signal: this.parts.backward, timeoutMs',
    'signal: this.parts.forward, timeoutMs',
  ]),
  mutant('undo has no longer time limit', 'drive.ts', ['step.timeoutMs * undoPatience', 'step.timeoutMs']),
  mutant('undoNeeds ignored', 'next.ts', [
    'const missing = outline.undoNeeds.find(',
    'const missing = ([] as string[]).find(',
  ]),
  mutant('undone under what a later step still holds', 'next.ts', [
    'missing === undefined ? waiting(state, outline, record) :',
    'missing === undefined ? [] :',
  ]),
  mutant('residue forgotten on the second rollback', 'state.ts', [
    'for (const record of state.steps.values()) record.residue = [];',
    'for (const record of state.steps.values()) {\n        if (record.residue.length > 0) record.undone = true;\n        record.residue = [];\n      }',
  ]),
  mutant('residue one record each', 'single-work.ts', [
    'const { groupSize } = drive.parts.tuning;',
    'const groupSize = 1;',
  ]),
  mutant('one event for a group of residue', 'single-work.ts', [
    'for (const one of group) drive.tell',
    'for (const one of group.slice(0, 1)) drive.tell',
  ]),
  mutant('only the first residue of a group counted', 'state.ts', [
    'for (const one of entry.residue) recordOf',
    'for (const one of entry.residue.slice(0, 1)) recordOf',
  ]),
  mutant('residue not tried again', 'state.ts', [
    'for (const record of state.steps.values()) record.residue = [];',
    '',
  ]),
  mutant('second rollback undoes everything again', 'state.ts', [
    'for (const record of state.steps.values()) record.residue = [];',
    'for (const record of state.steps.values()) {\n        record.residue = [];\n        record.undone = false;\n      }',
  ]),
  mutant('incomplete rollback called rolled back', 'next.ts', [
    "residueOf(state).length > 0 ? 'rollback-incomplete' : 'rolled-back'",
    "'rolled-back'",
  ]),
  mutant('pivot counted from done', 'state.ts', [
    'some(({ name }) => hasCaptured(state.steps.get(name)))',
    "some(({ name }) => state.steps.get(name)?.finished?.how === 'done')",
  ]),
  mutant('what follows a skipped pivot not counted', 'state.ts', [
    'steps.slice(pivot).some',
    'steps.slice(pivot, pivot + 1).some',
  ]),
  mutant('failure past the pivot undoes', 'next.ts', [' && !isPastPivot(state);\n  return undo', ';\n  return undo']),
  mutant('rollback past the pivot', 'admission.ts', ['  if (isPastPivot(state))', '  if (false)']),
  mutant('rollback of a completed run', 'admission.ts', ["if (state.closed === 'completed')", 'if (false)']),
  mutant('two pivots', 'well-formed.ts', ['if (pivots.length > 1)', 'if (false)']),
  mutant('item step as pivot', 'well-formed.ts', [
    "if (element.kind === 'items' && 'pivot' in element.step)",
    'if (false)',
  ]),
  mutant('irreversible before the pivot', 'well-formed.ts', ["if ('irreversible' in step && ", 'if (false && ']),
  mutant('no word about the undo', 'well-formed.ts', ['if (!saysHowUndone(step))', 'if (false)']),
  mutant('changes of a step that only reads', 'foresee.ts', ["if ('readOnly' in step && writes(clone))", 'if (false)']),
  mutant('undoNeeds of what is not later', 'well-formed.ts', ['if (!later.has(need))', 'if (false)']),
  mutant('name twice', 'well-formed.ts', ['if (taken.has(name)) throw', 'if (false) throw']),
  mutant('pivot not kept in the journal', 'outline.ts', ['element.step.pivot === true && { pivot: true }', 'false']),
  mutant('undoNeeds not kept in the journal', 'outline.ts', ['element.step.undoNeeds ?? []', '[]']),
  mutant('reading step undone', 'next.ts', [
    "if (outline.undo !== 'restores' || record.undone) return true;",
    'if (record.undone) return true;',
  ]),
  mutant('lost capture of an item taken for nothing', 'befores.ts', [
    'if (read !== undefined) return read;',
    'return read ?? null;',
  ]),
  mutant('second capture of an item restored', 'befores.ts', ['wanted.has(key) && !found.has(key)', 'wanted.has(key)']),
  mutant('what an unclear step may have changed does not hold', 'overlap.ts', [
    'for (const { kind } of touches) byUnknown.set(kind, later);',
    '',
  ]),
  mutant('late create looked for beside an unclear step', 'overlap.ts', [' && !unknown.has(resource.kind)', '']),
];
