import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClaimRecord, ClaimRegister } from './claiming.ts';
import { isMissing, linkNew } from './file-writing.ts';

/**
 * The claim of one run as files: each turn is a file of its own, so that of several who try at once one wins. Only the highest turn
 * counts and it is never removed, so one who was frozen cannot win with a turn that is long gone, nor leave a gap. `isSameRun` says
 * whether `path` still is the run that is claimed: one begun anew under its id counts its turns from 1 again.
 */
export function fileClaims(path: string, isSameRun: () => Promise<boolean>): ClaimRegister {
  return {
    async read() {
      for (;;) {
        const turn = highestOf(await turnsIn(path));
        if (turn === 0) return undefined;
        const text = await readFile(join(path, fileOf(turn)), 'utf8').catch(ignoreMissing);
        // Gone between list and read: there is a higher one now.
        if (text !== undefined) return { turn, holder: holderIn(text) };
      }
    },

    async write(record: ClaimRecord) {
      const { turn, holder } = record;
      const isNext = async (): Promise<boolean> => highestOf(await turnsIn(path)) === turn - 1 && (await isSameRun());
      if (!(await linkNew(path, fileOf(turn), JSON.stringify({ holder }), isNext))) return false;
      const turns = await turnsIn(path);
      if (highestOf(turns) > turn) {
        await rm(join(path, fileOf(turn)), { force: true });
        return false;
      }
      for (const old of turns) if (old < turn) await rm(join(path, fileOf(old)), { force: true });
      return true;
    },
  };
}

function fileOf(turn: number): string {
  return `claim-${turn}.json`;
}

function highestOf(turns: readonly number[]): number {
  return Math.max(0, ...turns);
}

async function turnsIn(path: string): Promise<number[]> {
  return ((await readdir(path).catch(ignoreMissing)) ?? []).flatMap((name) => {
    const turn = /^claim-(\d+)\.json$/.exec(name)?.[1];
    return turn === undefined ? [] : [Number(turn)];
  });
}

function holderIn(text: string): string | null {
  const record: unknown = JSON.parse(text);
  return typeof record === 'object' && record !== null && 'holder' in record && typeof record.holder === 'string'
    ? record.holder
    : null;
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
  return undefined;
}
