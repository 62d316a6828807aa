import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Case, Request, Step } from './case.ts';
import { at, isRecord } from './json.ts';
import { inScope } from './scope.ts';
import type { Answer, OpenWatch, Target } from './target.ts';
import { Steady } from './volatile.ts';

/** What a case came to on one server, without anything volatile. */
export interface Outcome {
  readonly steps: readonly unknown[];
  /** What is there at the end, by the path it was asked under. */
  readonly after: Readonly<Record<string, unknown>>;
}

const patienceMs = 60_000;
const comparedHeaders = ['content-type', 'warning', 'retry-after', 'allow', 'www-authenticate'];

/** The name of a case in paths: short, its own, and the same in every run. */
function idOf({ topic, name }: Case): string {
  return `${topic}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

/** Plays one case. */
export async function play(target: Target, one: Case): Promise<Outcome> {
  const id = idOf(one);
  const steady = new Steady(prefixesOf(one).map((prefix) => fill(prefix, id, [])));
  const answers: Answer[] = [];
  const watches = new Map<string, OpenWatch>();
  const filled = <T>(value: T): T => fill(value, id, answers);
  if (one.namespace !== false) {
    await until(
      target,
      { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: id } } },
      ({ status }) => status === 201,
    );
    await until(
      target,
      { method: 'GET', path: `/api/v1/namespaces/${id}/serviceaccounts/default` },
      ({ status }) => status === 200,
    );
  }
  const steps: unknown[] = [];
  const told = (answer: Answer) => ({
    status: answer.status,
    ...headersOf(answer, steady),
    body: steady.of(inScope(answer.body)),
  });
  try {
    for (const step of one.steps) {
      const outcome = await take(target, filled(step), watches);
      if ('answer' in outcome) answers.push(outcome.answer);
      else answers.push({ status: 0, headers: {}, body: outcome.events });
      if ('events' in outcome) steps.push({ events: steady.of(outcome.events) });
      else if (step.do === 'given') {
        steady.of(outcome.answer.body);
        steps.push({ status: outcome.answer.status });
      } else steps.push(step.do === 'settle' ? {} : told(outcome.answer));
    }
    const after: Record<string, unknown> = {};
    for (const path of lookedAt(one, id)) {
      const { status, body } = await target.send({ method: 'GET', path });
      after[path.replaceAll(id, '{id}')] = status === 200 ? steady.of(body) : status;
    }
    return { steps, after };
  } finally {
    for (const watch of watches.values()) await watch.close();
  }
}

type Taken = { readonly answer: Answer } | { readonly events: readonly unknown[] };

async function take(target: Target, step: Step, watches: Map<string, OpenWatch>): Promise<Taken> {
  switch (step.do) {
    case 'request':
    case 'given':
      return { answer: await target.send(step) };
    case 'until':
      return { answer: await until(target, step, (answer) => satisfies(step, answer)) };
    case 'watch': {
      const opened = await target.watch(step.path, step.headers);
      watches.set(step.as, opened);
      return { answer: { ...opened.answer, body: undefined } };
    }
    case 'take': {
      const watch = watches.get(step.from);
      if (watch === undefined) throw new Error(`no watch is called ${step.from}`);
      return { events: await watch.take(step.events, patienceMs) };
    }
    case 'compact':
      await target.compact();
      return { events: [] };
    case 'settle':
      await settled(target);
      return { events: [] };
  }
}

function satisfies(step: Step & { do: 'until' }, { status, body }: Answer): boolean {
  if (status !== step.status) return false;
  if (step.at === undefined) return true;
  const found = at(body, step.at);
  return 'is' in step ? found === step.is : found !== undefined;
}

async function until(target: Target, request: Request, enough: (answer: Answer) => boolean): Promise<Answer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const answer = await target.send(request);
    if (enough(answer)) return answer;
    if (Date.now() > deadline) {
      const found = JSON.stringify(answer.body)?.slice(0, 500);
      throw new Error(
        `${request.method} ${request.path} does not become what is waited for: ${answer.status} ${found}`,
      );
    }
    await delay(50);
  }
}

let sentinels = 0;

/**
 * What was there before is judged when a sentinel is: an orphan made afterwards, whose owner never existed, is
 * collected. Twice, because the first judgement can itself bring about work that is queued behind the first sentinel.
 */
async function settled(target: Target): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const name = `sentinel-${process.pid}-${++sentinels}`;
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: crypto.randomUUID() };
    const path = '/api/v1/namespaces/default/configmaps';
    await target.send({ method: 'POST', path, body: { metadata: { name, ownerReferences: [owner] } } });
    await until(target, { method: 'GET', path: `${path}/${name}` }, ({ status }) => status === 404);
  }
}

/** What a case gives as generateName, wherever. */
function prefixesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(prefixesOf);
  if (!isRecord(value)) return [];
  const { generateName } = value;
  return [...(typeof generateName === 'string' ? [generateName] : []), ...Object.values(value).flatMap(prefixesOf)];
}

function headersOf({ headers }: Answer, steady: Steady): { readonly headers?: unknown } {
  const known = comparedHeaders.flatMap((name): [string, string][] => {
    const value = headers[name];
    return value === undefined || (name === 'content-type' && value === 'application/json') ? [] : [[name, value]];
  });
  return known.length === 0 ? {} : { headers: steady.of(Object.fromEntries(known)) };
}

/** Everything whose collection or object a case touched by its own name. */
function lookedAt(one: Case, id: string): string[] {
  const paths = new Set<string>();
  if (one.namespace !== false) paths.add(`/api/v1/namespaces/${id}`);
  for (const step of one.steps) {
    if (!('path' in step) || !/POST|PUT|PATCH|DELETE/.test('method' in step ? step.method : '')) continue;
    const path = step.path.replace(/\?.*/, '').replaceAll('{ns}', id).replaceAll('{id}', id);
    const [, collection] = new RegExp(`^(/api.*/namespaces/${id}/[a-z]+)(?:/|$)`).exec(path) ?? [];
    if (collection !== undefined) paths.add(collection);
    else if (path.includes(id)) paths.add(path.replace(/\/(?:status|finalize)$/, ''));
    else {
      const name = 'body' in step && isRecord(step.body) ? at(step.body, 'metadata.name') : undefined;
      if (typeof name === 'string' && name.includes('{id}')) paths.add(`${path}/${name.replaceAll('{id}', id)}`);
    }
  }
  return [...paths];
}

/** Puts in names and what earlier answers said. A string that is nothing but `{…}` becomes the value itself. */
function fill<T>(value: T, id: string, answers: readonly Answer[]): T;
function fill(value: unknown, id: string, answers: readonly Answer[]): unknown {
  if (typeof value === 'string') {
    const lookUp = (step: string, path: string): unknown => at(answers[Number(step) - 1]?.body, path);
    const [, step, path] = /^\{(\d+)\.([^{}]+)\}$/.exec(value) ?? [];
    if (step !== undefined && path !== undefined) return lookUp(step, path);
    return value
      .replaceAll(/\{(?:id|ns)\}/g, id)
      .replaceAll(/\{base64:(\d+)\.([^{}]+)\}/g, (_, n: string, p: string) =>
        Buffer.from(String(lookUp(n, p)), 'base64').toString('utf8'),
      )
      .replaceAll(/\{(\d+)\.([^{}]+)\}/g, (_, n: string, p: string) =>
        value.startsWith('/') ? encodeURIComponent(String(lookUp(n, p))) : String(lookUp(n, p)),
      );
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, id, answers));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, item]) => [fill(field, id, answers), fill(item, id, answers)]),
  );
}
