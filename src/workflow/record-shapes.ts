import type { JournalEntry } from './journal.ts';
import { anything, byField, flag, listOf, objectOf, oneOf, type Shape, text } from './shape.ts';

const verb = oneOf('create', 'update', 'delete');
const resource = objectOf({ cluster: text, apiVersion: text, kind: text, name: text }, { namespace: text, uid: text });
const changes = listOf(objectOf({ verb, resource }));
const touches = listOf(objectOf({ verb, kind: text }));
const forecast = byField('effect', {
  none: objectOf({ why: text }),
  change: objectOf({ changes }),
  blocked: objectOf({ why: text, remedy: text }),
  unknown: objectOf({ why: text, touches }),
});
const plannedStep = objectOf(
  { name: text, title: text, forecast, undo: anything, pivot: flag },
  { items: listOf(objectOf({ key: text, forecast })) },
);
const plan = objectOf({
  workflow: text,
  version: text,
  fingerprint: text,
  steps: listOf(plannedStep),
  gates: listOf(objectOf({ name: text, title: text })),
  blocked: listOf(plannedStep),
});
const outline = objectOf(
  {
    kind: oneOf('step', 'items', 'gate'),
    name: text,
    title: text,
    undo: oneOf('restores', 'reads only', 'irreversible'),
    undoNeeds: listOf(text),
  },
  { pivot: oneOf(true) },
);
const keys = objectOf({ step: text, keys: listOf(text) });

/** What each type of record must have besides `at`, `driver` and `type`. */
export const recordShapes: Readonly<Record<JournalEntry['type'], Shape>> = {
  opened: objectOf(
    {
      release: text,
      workflow: text,
      version: text,
      steps: listOf(outline),
      fingerprint: text,
      identity: anything,
      input: anything,
      onFailure: oneOf('rollback', 'pause'),
    },
    { plan },
  ),
  driving: objectOf({}),
  touched: objectOf({}),
  captured: objectOf({ step: text, before: anything, intends: changes }, { touches }),
  'items-fixed': objectOf({
    step: text,
    items: listOf(objectOf({ key: text, item: anything, intends: changes }, { touches, skipped: text })),
  }),
  'items-captured': objectOf({ step: text, items: listOf(objectOf({ key: text, before: anything })) }),
  'items-done': keys,
  'items-undone': keys,
  done: objectOf({ step: text, out: anything }),
  skipped: objectOf({ step: text, why: text, out: anything }),
  approved: objectOf({ gate: text, by: text, fingerprint: text }),
  paused: objectOf(
    { why: oneOf('requested', 'failed', 'approval', 'unreachable', 'time-limit', 'stuck') },
    { gate: text, fingerprint: text },
  ),
  undoing: objectOf({ why: text }),
  undone: objectOf({ step: text }),
  residue: objectOf({
    residue: listOf(objectOf({ step: text, code: text, why: text, remedy: text }, { item: text, resource })),
  }),
  closed: objectOf({ outcome: oneOf('completed', 'rolled-back', 'rollback-incomplete') }),
};
