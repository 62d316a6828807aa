import type { Entry } from './entry.ts';
import { hostsHazards, joinedHazards } from './hazards.ts';
import { seed } from './replays/adoption.ts';
import { hosts8284 } from './rows/hosts.ts';
import { joined82 } from './rows/member.ts';
import { move81 } from './rows/move.ts';
import type { Stage } from './stage.ts';

/** Entries that are replayed one after another. */
export interface Scene {
  readonly name: string;
  readonly entries: readonly Entry[];
  /** Brings a stage where nothing is joined to where the first entry begins. */
  readonly prepare?: (stage: Stage) => Promise<void>;
}

/** A host and its member, which has workspaces of its own as well; and a third cluster. */
export const joinedScene: Scene = {
  name: 'a host and its member',
  entries: [...joined82, ...joinedHazards],
  prepare: (stage) => stage.joinFully(stage.a),
};
/** The move, step by step. */
export const moveScene: Scene = { name: 'a member on its way from host to host', entries: move81 };
/** Two hosts and a member that was standalone, and then adopted. */
export const hostsScene: Scene = { name: 'two hosts and an adopted member', entries: hosts8284, prepare: seed };
/** Two hosts and a member of neither. */
export const hazardScene: Scene = { name: 'two hosts and a member', entries: hostsHazards };

/** All of them, in an order in which they can follow each other on one stage. */
export const scenes: readonly Scene[] = [moveScene, hostsScene, joinedScene, hazardScene];
