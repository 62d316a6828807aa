import { expect, it, vi } from 'vitest';
import { Clock } from '../../../src/testing/clock.ts';
import { answerWatch } from '../../../src/testing/server/answer-watch.ts';
import { Bookmarks } from '../../../src/testing/server/bookmarks.ts';
import type { Call } from '../../../src/testing/server/call.ts';
import { unheard } from '../../../src/testing/server/mounted.ts';
import { Registry } from '../../../src/testing/server/registry.ts';
import { Store } from '../../../src/testing/server/store.ts';

it('bookmarks come every minute to those who follow, once, and to nobody else', async () => {
  const clock = new Clock();
  clock.pause();
  const bookmarks = new Bookmarks(clock);
  const heard: string[] = [];
  const follow = (name: string): (() => void) => bookmarks.follow(() => heard.push(name));
  const minute = async (): Promise<string[]> => {
    await clock.advance(60_000);
    return heard.splice(0);
  };
  const [leaveOne, leaveTwo] = [follow('one'), follow('two')];
  expect(await minute()).toEqual(['one', 'two']);
  leaveOne();
  expect(await minute()).toEqual(['two']);
  leaveTwo();
  expect(await minute()).toEqual([]);
  const leaveThree = follow('three');
  await clock.advance(30_000);
  leaveThree();
  // What three had waited for was called off: four waits its own minute.
  follow('four');
  await clock.advance(30_000);
  expect(heard).toEqual([]);
  await clock.advance(30_000);
  expect(heard).toEqual(['four']);
});

it('a watch that ends leaves nothing behind: no timer, no bookmark, no follower of its table', () => {
  const store = new Store();
  const call: Call = {
    user: { name: 'tests', groups: [] },
    type: new Registry('v1.34.4').builtin('', 'configmaps'),
    namespace: undefined,
    name: '',
    subresource: undefined,
    query: new URLSearchParams({ allowWatchBookmarks: 'true', timeoutSeconds: '300' }),
    manager: 'tests',
    dryRun: false,
    warn() {},
    at: 0,
  };
  const left: string[] = [];
  vi.spyOn(store.table('configmaps'), 'subscribe').mockReturnValue(() => void left.push('table'));
  const bookmarks = new Bookmarks(new Clock());
  vi.spyOn(bookmarks, 'follow').mockReturnValue(() => void left.push('bookmarks'));
  const set = vi.spyOn(globalThis, 'setTimeout');
  const cleared = vi.spyOn(globalThis, 'clearTimeout');
  const outgoing = unheard();
  answerWatch(store, outgoing, call, { as: 'full' }, bookmarks);
  expect(left).toEqual([]);
  outgoing.end();
  expect(left.toSorted()).toEqual(['bookmarks', 'table']);
  expect(cleared).toHaveBeenCalledWith(set.mock.results[0]?.value);
  set.mockRestore();
  cleared.mockRestore();
});
