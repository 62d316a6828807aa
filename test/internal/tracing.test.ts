import { spawnSync } from 'node:child_process';
import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { FederationError } from '../../src/errors.ts';
import { type RequestTrace, type StepTrace, traced, tracing } from '../../src/internal/tracing.ts';

const unsubscribe: (() => void)[] = [];
afterEach(() => {
  for (const end of unsubscribe.splice(0)) end();
});

/** Everything that a channel publishes, as it was when it was published. */
function listen<C extends object>(channel: TracingChannel<unknown, C>): string[] {
  const heard: string[] = [];
  const note = (what: string) => (message: object) => {
    const { error, ...rest } = message as { error?: Error };
    const failure = error === undefined ? {} : { error: error.message, ...('code' in error && { code: error.code }) };
    heard.push(`${what} ${JSON.stringify({ ...rest, ...failure })}`);
  };
  const subscriber = {
    start: note('start'),
    end: () => undefined,
    asyncStart: () => undefined,
    asyncEnd: note('end'),
    error: note('error'),
  };
  channel.subscribe(subscriber);
  unsubscribe.push(() => channel.unsubscribe(subscriber));
  return heard;
}

const context = (): StepTrace => ({ runId: 'r', step: 's', call: 'run', attempt: 1, epoch: 2 });
const told = '"runId":"r","step":"s","call":"run","attempt":1,"epoch":2';

describe('traced', () => {
  it('makes no context while nobody subscribes, and hands on what comes of the work', async () => {
    const never = (): StepTrace => {
      throw new Error('not asked');
    };
    expect(await traced(tracing.step, never, async () => 7)).toBe(7);
    const failure = new Error('no');
    await expect(traced(tracing.step, never, () => Promise.reject(failure))).rejects.toBe(failure);
  });

  it('publishes start and end under the name of the channel, without the result', async () => {
    const heard = listen(tracingChannel<unknown, StepTrace>('kubesphere-federation:step'));
    expect(await traced(tracing.step, context, async () => 'jwtSecret')).toBe('jwtSecret');
    expect(heard).toEqual([`start {${told}}`, `end {${told}}`]);
  });

  it('adds what it is told of the result', async () => {
    const heard = listen(tracing.request);
    await traced(
      tracing.request,
      (): RequestTrace => ({ cluster: 'm', method: 'GET', path: '/', watch: false }),
      async () => ({ statusCode: 200, body: 'kept' }),
      (trace, { statusCode }) => {
        trace.status = statusCode;
      },
    );
    expect(heard[1]).toBe('end {"cluster":"m","method":"GET","path":"/","watch":false,"status":200}');
  });

  it('publishes a failure with its code and a redacted message, and throws the failure itself', async () => {
    const heard = listen(tracing.step);
    const failure = new FederationError('TIMEOUT', 'slow', { cause: new Error('token=abc') });
    await expect(traced(tracing.step, context, () => Promise.reject(failure))).rejects.toBe(failure);
    const foreign = new Error('password: hunter2 was refused');
    await expect(traced(tracing.step, context, () => Promise.reject(foreign))).rejects.toBe(foreign);
    expect(heard.filter((line) => line.startsWith('error'))).toEqual([
      `error {${told},"error":"slow","code":"TIMEOUT"}`,
      `error {${told},"error":"password: [redacted] was refused"}`,
    ]);
    expect(heard.join()).not.toMatch(/hunter2|abc/);
  });

  it('lets the work go on where a subscriber throws; Node raises that as an uncaughtException', () => {
    const file = fileURLToPath(new URL('../../src/internal/tracing.ts', import.meta.url));
    const program = `
      import { traced, tracing } from ${JSON.stringify(file)};
      const caught = [];
      process.on('uncaughtException', (error) => caught.push(error.message));
      const bad = () => { throw new Error('bad subscriber'); };
      tracing.step.subscribe({ start: bad, end: bad, asyncStart: bad, asyncEnd: bad, error: bad });
      const result = await traced(tracing.step, () => ({}), async () => 'worked');
      await new Promise(setImmediate);
      console.log(result, [...new Set(caught)].join());
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toBe('worked bad subscriber\n');
  });
});
