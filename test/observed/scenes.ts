import type { SandboxRole } from '../../src/testing/index.ts';
import type { Ground } from '../grounds.ts';
import type { Entry } from './entry.ts';
import { hostsHazards, joinedHazards } from './hazards.ts';
import { seed } from './replays/adoption.ts';
import { hosts8284, joined82, move81 } from './rows.ts';
import { type Stage, startStage } from './stage.ts';

/** Entries that are replayed one after another on one stage. */
export interface Scene {
  readonly name: string;
  readonly entries: readonly Entry[];
  open(ground: Ground): Promise<Stage>;
}

function scene(
  name: string,
  b: SandboxRole,
  entries: readonly Entry[],
  prepare: (stage: Stage) => Promise<void> = async () => {},
): Scene {
  return {
    name,
    entries,
    async open(ground) {
      const stage = await startStage(ground, b);
      try {
        await prepare(stage);
        return stage;
      } catch (error) {
        await stage[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}

/** A host and its member, which has workspaces of its own as well; and a third cluster. */
export const joinedScene = scene('a host and its member', 'standalone', [...joined82, ...joinedHazards], (stage) =>
  stage.joinFully(stage.a),
);
/** The move, step by step. */
export const moveScene = scene('a member on its way from host to host', 'host', move81);
/** Two hosts and a member that was adopted. */
export const hostsScene = scene('two hosts and an adopted member', 'host', hosts8284, seed);
/** Two hosts and a member of neither. */
export const hazardScene = scene('two hosts and a member', 'host', hostsHazards);

/** All of them. */
export const scenes: readonly Scene[] = [joinedScene, moveScene, hostsScene, hazardScene];
