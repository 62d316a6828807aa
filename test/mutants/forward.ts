import { type Mutant, mutant } from './tree.ts';

/** Going forward: rules 1, 6, 7, 10 and 11. */
export const forwardMutants: readonly Mutant[] = [
  mutant('skip booked over captured', 'single-work.ts', [
    '  if (again) {\n',
    `  if (again) {
    const now = await drive.work(step, 'The forecast', (ctx) => forecastOf(step, ctx));
    if (now.effect === 'none')
      return ledger.append({ type: 'skipped', step: name, why: now.why, out: now.out ?? null });
`,
  ]),
  mutant('recapture on resume', 'single-work.ts', [
    '    await refuseMoved(captured(drive, step), (what',
    `    const { capture } = step;
    const { intends } = captured(drive, step);
    if (capture !== undefined)
      await ledger.append({ type: 'captured', step: name, before: await drive.work(step, 'The capture', capture), intends });
    await refuseMoved(captured(drive, step), (what`,
  ]).and('state.ts', ['if (record.captured !== undefined) return;', '']),
  mutant('second capture wins', 'state.ts', ['if (record.captured !== undefined) return;', '']),
  mutant('second capture of an item wins', 'state.ts', [
    'if (item.captured > 0) continue;\n        if (items.captured === 0)',
    'if (items.captured === 0)',
  ]),
  mutant('no captured record where a step captures nothing', 'single-work.ts', [
    '    default: {\n',
    `    default: {
      if (capture === undefined) {
        const out = await drive.work(step, 'The run', (ctx) => step.run({ ...ctx, before: null }));
        return ledger.append({ type: 'done', step: name, out: out ?? null });
      }
`,
  ]),
  mutant('run before captured', 'single-work.ts', [
    '(ctx) => capture(ctx));\n',
    "(ctx) => capture(ctx));\n      await drive.work(step, 'The run', (ctx) => step.run({ ...ctx, before }));\n",
  ]),
  mutant('plan checked only at the start', 'opening.ts', ['...(plan !== undefined && { plan: planned }),', '']),
  mutant('step not held to its plan', 'single-work.ts', [
    'if (planned !== undefined) holdTo(planned, { forecast });',
    '',
  ]),
  mutant('items not held to their plan', 'item-work.ts', [
    'if (planned !== undefined) holdTo(planned, { forecast, items });',
    '',
  ]),
  mutant('plan not checked at the start', 'opening.ts', [
    'if (plan !== undefined) refuseStale(plan, planned, { input, identity });',
    '',
  ]),
  mutant('blocked plan begun', 'opening.ts', ['  refuseBlocked(planned);', '']),
  mutant('blocked step done', 'single-work.ts', [
    "    case 'blocked':\n      throw blockedError(name, forecast);\n",
    '',
  ]),
  mutant('blocked items done', 'item-work.ts', [
    "if (forecast.effect === 'blocked') throw blockedError(name, forecast);",
    '',
  ]),
  mutant('more done than was announced', 'deciding.ts', ['const extra = wants.find(', 'const extra = [].find(']),
  mutant('added change not seen', 'deciding.ts', [
    'return extra === undefined ? undefined : `it would also',
    'return true ? undefined : `it would also',
  ]),
  mutant('one unknown item opens the step', 'deciding.ts', ['items.every(({ forecast })', 'items.some(({ forecast })']),
  mutant('unknown list held to its place-holder', 'deciding.ts', [
    'now.items === undefined || isUnknown(planned.items)',
    'now.items === undefined',
  ]),
  mutant('one change for two', 'deciding.ts', ['there.count -= 1;', '']),
  mutant('UID taken twice', 'deciding.ts', ['if (hasUid(change)) exact.set(key, count - 1);', '']),
  mutant('planned UID not held to', 'deciding.ts', ['hasUid(change) ? exact.get(key) : there?.count', 'there?.count']),
  mutant('removed item not seen', 'deciding.ts', [
    'return gone === undefined ? undefined :',
    'return true ? undefined :',
  ]),
  mutant('added item not seen', 'deciding.ts', [
    'if (known === undefined) return',
    'if (known === undefined) continue; else if (false) return',
  ]),
  mutant('fingerprint without the input', 'deciding.ts', [
    'digest({ workflow, version, input, identity,',
    'digest({ workflow, version, identity,',
  ]),
  mutant('item run before its capture', 'item-work.ts', [
    '  refuseFailures(drive, failed);\n',
    `  refuseFailures(drive, failed);
  for (const { of: { item }, result: before } of done)
    await drive.work(step, 'The run', (ctx) => step.run({ ...ctx, item, before }));
`,
  ]),
  mutant('items captured before the list is fixed', 'item-work.ts', [
    "  await ledger.append({\n    type: 'items-fixed',",
    "  for (const { item } of items) await drive.work(step, 'The capture', (ctx) => step.capture({ ...ctx, item }));\n  await ledger.append({\n    type: 'items-fixed',",
  ]),
  mutant('skipped item run', 'item-work.ts', [
    'filter((item) => item.skipped === undefined && item.captured === 0)',
    'filter((item) => item.captured === 0)',
  ]),
  mutant('done items done again', 'state.ts', [
    'filter((item) => item.captured > 0 && !item.done && !item.undone)',
    'filter((item) => item.captured > 0 && !item.undone)',
  ]),
  mutant('new item keys not refused on resume', 'item-work.ts', [
    'refuseOthers(step, items, await refuseNewKeys(drive, step, items));',
    "refuseOthers(step, items, await drive.work(step, 'The list of items', (ctx) => listedItems(step, ctx)));",
  ]),
  mutant('item changed since the list was fixed captured all the same', 'item-work.ts', [
    '      await refuseMoved(itemTarget(step, record), way);\n      return before;',
    '      return before;',
  ]),
  mutant('item blocked since the list was fixed done on resume', 'item-work.ts', [
    "if (blocked.effect === 'blocked') throw blockedError(step.name, blocked);",
    '',
  ]),
  mutant('item that would do something else on resume done', 'item-work.ts', [
    "forecast.effect !== 'none' && canonical(",
    'false && canonical(',
  ]),
  mutant('the first failure decides, not the gravest', 'next.ts', ['  if (halting.has(code)) return 2;\n', '']),
  mutant('a failure hides an unreachable cluster', 'next.ts', [
    "return code === 'UNREACHABLE' || code === 'TIMEOUT' ? 1 : 0;",
    'return 0;',
  ]),
  mutant('step may change what was captured', 'state.ts', ['  frozen(entry);\n  state.seq', '  state.seq']),
  mutant('new item keys not refused at the end', 'item-work.ts', [
    '  await refuseNewKeys(drive, step, items);\n  await drive.ledger',
    '  await drive.ledger',
  ]),
  mutant('same item key twice', 'foresee.ts', ['if (seen.has(key))', 'if (false)']),
  mutant('change that cannot be compared', 'foresee.ts', [
    "if (clone.effect === 'change' && step.observe !== undefined)",
    'if (false)',
  ]),
  mutant('retry of what is not retryable', 'attempts.ts', ['!error.retryable || ', '']),
  mutant('retry without end', 'attempts.ts', [' || retriesLeft <= 0', '']),
  mutant('retry false not kept', 'attempts.ts', [
    'options.retry === false ? { retries: 0 } : options.retry',
    'options.retry || {}',
  ]),
  mutant('retry after the signal is aborted', 'attempts.ts', [
    '!error.retryable || signal.aborted ||',
    '!error.retryable ||',
  ]).and('attempts.ts', ['    if (signal.aborted) throw abortError(signal);\n', '']),
  mutant('second attempt before the first settled', 'attempts.ts', [
    'abort(late);\n',
    'abort(late);\n        stuck.reject(late);\n',
  ]),
  mutant('time limit of all attempts together', 'attempts.ts', [
    'timeoutMs !== undefined)',
    'timeoutMs !== undefined && attempt === 1)',
  ]),
  mutant('stuck step waited for', 'attempts.ts', ['cancels.push(clock.after(graceMs, giveUp));', '']),
  mutant('stuck step undone', 'next.ts', ["if (code === 'STEP_STUCK') return { undo: false, why: 'stuck' };", '']),
  mutant('stuck undo made residue', 'drive.ts', ["|| FederationError.is(error, 'STEP_STUCK')", '']),
  mutant('wish to pause undoes', 'next.ts', ["if (asked) return { undo: false, why: 'requested' };", '']),
  mutant('wish to pause does not reach the step', 'attempts.ts', [
    "signal.addEventListener('abort', follow, { once: true });",
    '',
  ]),
  mutant('unreachable cluster undoes', 'next.ts', [
    "if (code === 'UNREACHABLE') return { undo: false, why: 'unreachable' };",
    '',
  ]),
  mutant('time limit undoes', 'next.ts', ["if (code === 'TIMEOUT') return { undo: false, why: 'time-limit' };", '']),
  mutant('moved world undoes', 'next.ts', [' && !halting.has(code)', '']),
  mutant('onFailure not kept', 'opening.ts', ['    onFailure,\n', "    onFailure: 'rollback',\n"]),
  mutant('onFailure not asked', 'next.ts', ["state.opened.onFailure === 'rollback' && ", '']),
  mutant('gate passed without an approval', 'gate.ts', ['if (approval !== undefined) {', 'if (true) {']).and(
    'gate.ts',
    ['by: approval.by', "by: approval?.by ?? ''"],
  ),
  mutant('gate fingerprint not compared', 'gate.ts', ['(one) => one.fingerprint === shown.fingerprint', '() => true']),
  mutant('only the first approval of a gate counts', 'gate.ts', [
    'const approval = given.find(',
    'const approval = given.slice(0, 1).find(',
  ]),
  mutant('approval of another run counts', 'gate.ts', ['digest({ run: runId, ', 'digest({ run: typeof runId, ']),
  mutant('approval of another gate counts', 'gate.ts', ['(one) => one.gate === gate.name', '() => true']),
  mutant('gate asked again by the next driver', 'state.ts', [
    '      state.epoch = state.seq;',
    '      state.epoch = state.seq;\n      state.approved.clear();',
  ]),
  mutant('approval of no gate taken', 'engine.ts', [
    'options.approve?.find(({ gate }) => !gates.includes(gate))',
    'options.approve?.find(() => false)',
  ]),
  mutant('secret written into the journal', 'plain.ts', [
    'if (JSON.stringify(shown) === JSON.stringify(json)) return json;',
    'return json;',
  ]),
  mutant('result that is no plain JSON', 'plain.ts', [
    'if (prototype !== Object.prototype && prototype !== null) break;',
    '',
  ]),
  mutant('event before journal: step:completed', 'single-work.ts', [
    "  await ledger.append({ type: 'done', step: name, out: out ?? null });\n  drive.tell({ type: 'step:completed', step: name, durationMs: drive.sinceStarted(name) });",
    "  drive.tell({ type: 'step:completed', step: name, durationMs: drive.sinceStarted(name) });\n  await ledger.append({ type: 'done', step: name, out: out ?? null });",
  ]),
  mutant('event before journal: step:started', 'single-work.ts', [
    '(ctx) => capture(ctx));\n',
    "(ctx) => capture(ctx));\n      drive.tell({ type: 'step:started', step: name, attempt: 1 });\n",
  ]),
  mutant('event before journal: undo:completed', 'single-work.ts', [
    "  await drive.ledger.append({ type: 'undone', step: name });\n  drive.tell({ type: 'undo:completed', step: name });",
    "  drive.tell({ type: 'undo:completed', step: name });\n  await drive.ledger.append({ type: 'undone', step: name });",
  ]),
  mutant('event before journal: run:completed', 'loop.ts', [
    "    await ledger.append({ type: 'closed', outcome });\n    return drive.tell({ type: 'run:completed' });",
    "    drive.tell({ type: 'run:completed' });\n    return ledger.append({ type: 'closed', outcome });",
  ]),
  mutant('event before anybody listens', 'start.ts', ['setImmediate(() => resolve(go()));', 'resolve(go());']),
  mutant('progress events not dropped', 'event-log.ts', ['if (this.#progress <= progressKept) return;', 'return;']),
  mutant('dropped events not told', 'event-log.ts', [
    'if (first !== undefined && this.#dropped > 0) {',
    'if (false) {',
  ]).and('event-log.ts', [
    'const { runId, seq, at } = first;',
    "const { runId = '', seq = 0, at = '' } = first ?? {};",
  ]),
];
