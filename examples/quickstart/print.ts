import { stdout } from 'node:process';
import { styleText } from 'node:util';
import type { Forecast, Plan, RunEvent } from 'kubesphere-federation';

/** What the quickstart shows; with JSON nothing but the result. */
export interface Printer {
  heading(text: string): void;
  line(text: string): void;
  plan(plan: Plan): void;
  event(event: RunEvent): void;
  result(result: object): void;
}

const verbs = { create: 'creates', update: 'changes', delete: 'deletes' } as const;

/** A forecast in a few words: `creates 2 Workspacetemplate on b`. */
function inWords(forecast: Forecast<unknown>): string {
  if (forecast.effect === 'blocked') return `${forecast.why} ${forecast.remedy}`;
  if (forecast.effect !== 'change') return forecast.why;
  const counts = new Map<string, number>();
  for (const { verb, resource } of forecast.changes) {
    const what = `${verbs[verb]}|${resource.kind} on ${resource.cluster}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => what.replace('|', ` ${count} `)).join(', ');
}

const marks = { none: '·', change: '+', unknown: '?', blocked: '✗' } as const;

/** Lines for people; while a step is at work, its progress stands in the last line. */
function forPeople(): Printer {
  let open = false;
  const write = (text: string, ends = true): void => {
    stdout.write(`${open ? '\r\u001b[K' : ''}${text}${ends ? '\n' : ''}`);
    open = !ends;
  };
  const live = (text: string): void => {
    if (stdout.isTTY) write(`  ${styleText('dim', text)}`, false);
  };
  return {
    heading: (text) => write(`\n${styleText('bold', text)}`),
    line: (text) => write(text),
    plan({ steps, fingerprint }) {
      for (const { title, forecast } of steps) {
        const quiet = forecast.effect === 'none';
        const text = `  ${marks[forecast.effect]} ${title}`;
        write(quiet ? styleText('dim', `${text} (${inWords(forecast)})`) : `${text}: ${inWords(forecast)}`);
      }
      write(styleText('dim', `  fingerprint ${fingerprint.slice(0, 16)}`));
    },
    event(event) {
      switch (event.type) {
        case 'step:started':
          live(`${event.index}/${event.total} ${event.step} …`);
          break;
        case 'step:progress':
          live(`${event.index}/${event.total} ${event.step}: ${event.message}`);
          break;
        case 'step:completed':
          write(
            `  ${styleText('green', '✓')} ${event.index}/${event.total} ${event.step} (${(event.durationMs / 1000).toFixed(2)} s)`,
          );
          break;
        case 'step:failed':
          write(`  ${styleText('red', '✗')} ${event.step}: ${event.error.message}`);
          break;
        case 'undo:completed':
          write(`  ↶ ${event.step} undone`);
          break;
        case 'undo:failed':
          write(`  ${styleText('red', '✗')} ${event.step} not undone: ${event.residue.remedy}`);
          break;
        default:
      }
    },
    result: ({ ...result }) => {
      const { durationMs } = result as { readonly durationMs?: number };
      write(`\nDone in ${((durationMs ?? 0) / 1000).toFixed(1)} s.`);
    },
  };
}

/** One JSON object on standard output, and nothing else. */
function forPrograms(): Printer {
  const nothing = (): void => {};
  return {
    heading: nothing,
    line: nothing,
    plan: nothing,
    event: nothing,
    result: (result) => stdout.write(`${JSON.stringify(result)}\n`),
  };
}

/** The printer for people, or for programs. */
export function printer(json: boolean): Printer {
  return json ? forPrograms() : forPeople();
}
