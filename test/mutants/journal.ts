import { type Mutant, mutant } from './tree.ts';

/** Journal, claim and fence: rules 5 and 9. */
export const journalMutants: readonly Mutant[] = [
  mutant('conflict treated as failure', 'ledger.ts', [
    "if (result === 'taken') throw this.lose(undefined);",
    "if (result === 'taken') throw new FederationError('JOURNAL_CONFLICT', 'taken');",
  ]),
  mutant('lost driver writes on', 'ledger.ts', ['if (this.lost !== undefined) throw this.lost;', '']),
  mutant('broken journal written on', 'ledger.ts', ['if (this.broken !== undefined) throw this.broken;', '']),
  mutant('loss does not reach the step', 'start.ts', ['      forward.abort(lost);\n', '']),
  mutant('loss does not reach the undo', 'start.ts', ['      backward.abort(lost);\n', '']),
  mutant('own lost append not recognised', 'ledger.ts', [
    "return (await isOurs(journal, runId, seq, entry, signal)) ? 'ours' : 'taken';",
    "return 'taken';",
  ]),
  mutant("another's record taken for one's own", 'ledger.ts', [
    'return canonical(there) === canonical(entry);',
    'return true;',
  ]),
  mutant('append not repeated', 'ledger.ts', ['!mayHaveLostAnswer(error) || attempt > appendRetries', 'true']),
  mutant('append that took too long not repeated', 'ledger.ts', [" || error.code === 'TIMEOUT'", '']).and('within.ts', [
    ', { retryable: true }',
    '',
  ]),
  mutant('append waited for however long', 'ledger.ts', [', timeoutMs: appendTimeoutMs', '']),
  mutant('end of a drive without its journal not told', 'loop.ts', [
    "  drive.tell({ type: 'run:paused', why });\n",
    '',
  ]),
  mutant('claim waited for however long', 'start.ts', ['      timeoutMs: askTimeoutMs,\n', '']),
  mutant('end of the claim waited for however long', 'start.ts', [
    ', clock, timeoutMs: claim.renewEveryMs }',
    ', clock }',
  ]),
  mutant('appends out of order', 'ledger.ts', [
    'const turn = this.#queue.then(() => this.#write(body));',
    'const turn = this.#write(body);',
  ]),
  mutant('drive not recorded', 'start.ts', ["    await ledger.append({ type: 'driving' });\n", '']),
  mutant('driven without a claim', 'start.ts', [
    'const claim = await journal.claim(runId, driver, signal === undefined ? {} : { signal });',
    'const claim = { renewEveryMs: 1e9, lost: new AbortController().signal, renew: async () => {}, [Symbol.asyncDispose]: async () => {} };',
  ]),
  mutant('journal not read again under the claim', 'engine.ts', [
    'tuning, verb, readState });',
    'tuning, verb, readState: async () => state });',
  ]),
  mutant('claim not renewed', 'start.ts', ['  void beat();', '']),
  mutant('lost claim not noticed', 'start.ts', ["claim.lost.addEventListener('abort', lose, { once: true });", '']),
  mutant('claim not given back', 'start.ts', [
    'attended[Symbol.dispose]();\n      await release(claim, tuning.clock, logger);',
    'attended[Symbol.dispose]();',
  ]),
  mutant('claim given back while an attempt is stuck', 'start.ts', [
    'if (unsettled.length === 0) return giveBack();',
    'return giveBack();',
  ]),
  mutant('claim not renewed while an attempt is stuck', 'start.ts', [
    'attended.idle = true;',
    'attended[Symbol.dispose]();',
  ]),
  mutant('claim kept after a stuck attempt has ended', 'start.ts', [
    'void Promise.allSettled(unsettled).then(giveBack);',
    '',
  ]),
  mutant('driver confirmed after its drive', 'drive.ts', ['    this.#ended = true;\n', '']).and('claiming.ts', [
    "lose(undefined, 'given back');",
    '',
  ]),
  mutant('claim that was given back taken again', 'claiming.ts', ["lose(undefined, 'given back');", '']),
  mutant('renewal shared over the end of a claim', 'claiming.ts', [
    '      // Who asks from now on comes after the end.\n      coming = undefined;\n',
    '',
  ]),
  mutant('confirmation waited for however long', 'drive.ts', ['            timeoutMs: claim.renewEveryMs * 3,\n', '']),
  mutant('confirmation waited for by who was aborted', 'drive.ts', [
    "what: 'Confirming the driver',\n            signal,",
    "what: 'Confirming the driver',",
  ]),
  mutant('confirmation without asking', 'drive.ts', [
    'within(() => claim.renew(), {',
    'within(async () => undefined, {',
  ]),
  mutant('claim by wall clock', 'claiming.ts', [
    'let since = clock.now();',
    'const wall = () => Date.parse(clock.date());\n  let since = wall();',
  ])
    .and('claiming.ts', ['clock.now() - since >= claimMs', 'wall() - since >= claimMs'])
    .and('claiming.ts', ['    since = clock.now();', '    since = wall();']),
  mutant("claim by this machine's wall clock", 'time.ts', ['now: () => performance.now()', 'now: () => Date.now()']),
  mutant('claim taken from one who renews it', 'claiming.ts', ['throw busy(options);', '{}']),
  mutant('claim taken at once', 'claiming.ts', [' || clock.now() - since >= claimMs', ' || true']),
  mutant('claim never taken from the dead', 'claiming.ts', [' || clock.now() - since >= claimMs', '']),
  mutant('claim of a silent register kept', 'claiming.ts', ['throw lose(error);', 'throw error;']),
  mutant('own lost claim write not recognised', 'claiming.ts', [
    'if (there?.holder !== driver) throw lose();',
    'throw lose();',
  ]),
  mutant("another's claim taken for one's own", 'claiming.ts', [
    'if (there?.holder !== driver) throw lose();',
    'if (there === undefined) throw lose();',
  ]),
  mutant('claim turn not checked', 'memory-journal.ts', [
    ' || record.turn !== (run.claim?.turn ?? 0) + 1) return false;',
    ') return false;',
  ]),
  mutant('claim turn not checked in files', 'file-claims.ts', ['highestOf(await turnsIn(path)) === turn - 1 && ', '']),
  mutant('claim turn that others left behind taken', 'file-claims.ts', [
    'if (highestOf(turns) > turn) {',
    'if (false) {',
  ]),
  mutant('claim of another run under the same id taken', 'file-claims.ts', [' && (await isSameRun())', '']),
  mutant('claim of another run under the same id taken in memory', 'memory-journal.ts', [
    'runs.get(runId) !== run || ',
    '',
  ]),
  mutant('claim that leaves a gap', 'file-claims.ts', ['=== turn - 1', '< turn']),
  mutant('record for another run under the same id', 'file-journal.ts', ['(await originOf(path)) === origin && ', '']),
  mutant('record for another run under the same id in memory', 'memory-journal.ts', [
    'if (seq > 1 && gone.has(entry.driver) && !run.drivers.has(entry.driver)) throw conflictAt(runId, seq);',
    '',
  ]),
  mutant('file beside the runs taken for one', 'file-journal.ts', ['!entry.isFile() && ', '']),
  mutant('run that cannot be read hides others', 'file-journal.ts', [
    '    return true;\n  }\n}\n\nfunction fileOf',
    '    throw new Error();\n  }\n}\n\nfunction fileOf',
  ]),
  mutant('run that cannot be read stops a removal', 'file-journal.ts', [
    "if (FederationError.is(error, 'ABORTED')) throw error;",
    'throw error;',
  ]),
  mutant('removal not aborted', 'file-journal.ts', ["if (FederationError.is(error, 'ABORTED')) throw error;", '']),
  mutant('record that leaves a gap', 'file-journal.ts', [' && (await isThere(path, fileOf(seq - 1)))', '']),
  mutant('run begun anew not told from the one removed', 'file-journal.ts', [
    '      origins.set(runId, origin);\n',
    '',
  ]).and('file-journal.ts', ['        origins.set(runId, await originOf(path));\n', '']),
  mutant('taken sequence number overwritten', 'memory-journal.ts', [
    'if (run.entries.length + 1 !== seq) throw conflictAt(runId, seq);',
    '',
  ]),
  mutant('taken file overwritten', 'file-writing.ts', [
    'await link(beside, join(directory, name));',
    'await rename(beside, join(directory, name));',
  ]),
  mutant('journal digest not checked', 'file-journal.ts', [
    '    digest(found.entry) !== found.digest\n',
    '    false\n',
  ]),
  mutant('missing record not noticed', 'file-journal.ts', ['if (name !== fileOf(seq))', 'if (false)']),
  mutant('alien file in a journal', 'file-journal.ts', ['if (alien !== undefined) throw', 'if (false) throw']),
  mutant('directory of something else taken', 'file-journal.ts', [
    '  if (!names.includes(marker))',
    '  if (!names.includes(marker)) return false;\n  if (false)',
  ]),
  mutant('journal of an unknown format read', 'file-journal.ts', [
    '=== markerText) return true;',
    '!== undefined) return true;',
  ]),
  mutant('record of an unknown type read', 'journal-check.ts', [
    'if (shape === undefined) return `is of',
    'if (shape === undefined) return undefined;\n  if (false) return `is of',
  ]),
  mutant('record of a step that is not of the run read', 'state.ts', [
    'if (!hasElement(state, entry.step, kinds)) throw outOfPlace(state, entry);',
    '',
  ]),
  mutant('record of an unknown format read', 'journal-check.ts', [
    "if (entry.type === 'opened' && !(",
    'if (false && !(',
  ]),
  mutant('record without its fields read', 'journal-check.ts', [
    'return bad === undefined ? undefined :',
    'return true ? undefined :',
  ]),
  mutant('run id not checked', 'journal-check.ts', ['  if (/^[a-z0-9]', '  if (true || /^[a-z0-9]']),
  mutant('no touch on takeover', 'takeover.ts', [
    '  for (const name of names) {\n    const { failed } = await pool(',
    '  for (const name of names.slice(0, 0)) {\n    const { failed } = await pool(',
  ]),
  mutant('touch once for all drives', 'next.ts', ['state.touched > state.epoch ?', 'state.touched > 0 ?']),
  mutant('failed touch on takeover ignored', 'takeover.ts', [
    'for (const { error } of failed) if (!undoing || drive.isFatal(error)) throw error;',
    '',
  ]),
  mutant('failed touch undoes', 'next.ts', [" && action.do !== 'touch'", '']),
  mutant('done items touched on takeover', 'takeover.ts', [
    '.filter((item) => item.captured > 0 && !item.done)',
    '.filter((item) => item.captured > 0)',
  ]),
  mutant('run driven on that another ended meanwhile', 'start.ts', [
    '    if (isOver(state, verb)) {',
    '    if (false) {',
  ]),
  mutant('driven without confirming the claim', 'start.ts', [
    'within(() => claim.renew(), {',
    'within(async () => {}, {',
  ]),
];
