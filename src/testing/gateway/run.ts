import type { SandboxVersion } from '../attach.ts';
import { isAllowed } from './authorization.ts';
import type { GatewayContext } from './context.ts';
import { kubeClient } from './kube.ts';
import { createMembers } from './members.ts';
import { createPasswords } from './passwords.ts';
import { readSettings } from './settings.ts';
import { type CachedToken, createTokens } from './tokens.ts';
import { clusterUpstream } from './upstream.ts';

/** What ks-apiserver keeps that is in no object of its cluster. */
export interface Memory {
  /** Tokens that are good, in their own words. */
  readonly tokens: ReadonlyMap<string, CachedToken>;
  /** When passwords of users were wrong: milliseconds since 1970. */
  readonly failures: ReadonlyMap<string, readonly number[]>;
}

/** What a new ks-apiserver remembers. */
export const nothing: Memory = Object.freeze({ tokens: new Map(), failures: new Map() });

/** ks-apiserver from one start to its end. After the end nothing of it sends another request, whatever is under way. */
export interface Run extends AsyncDisposable {
  /** What one request is given; nothing is opened before the first. Rejects after the end. */
  gate(): Promise<GatewayContext>;
  memory(): Memory;
}

interface RunOptions {
  readonly kubeconfig: string;
  readonly version: SandboxVersion;
  readonly now: () => number;
}

/** Starts ks-apiserver with what it remembers of former runs. */
export function beginRun({ kubeconfig, version, now }: RunOptions, memory: Memory): Run {
  const life = new AbortController();
  const tokens = createTokens(now, memory.tokens);
  const failures = new Map(memory.failures);
  const open = async (): Promise<Omit<GatewayContext, 'settings'> & AsyncDisposable> => {
    const upstream = await clusterUpstream(kubeconfig, life.signal);
    const kube = kubeClient(upstream);
    const members = createMembers(kube, life.signal);
    return {
      version,
      kube,
      upstream,
      members,
      tokens,
      passwords: createPasswords(kube, now, failures),
      allowed: (user, wish) => isAllowed(kube, user, wish),
      async [Symbol.asyncDispose]() {
        await Promise.all([members, upstream].map((one) => one[Symbol.asyncDispose]()));
      },
    };
  };
  let opened: ReturnType<typeof open> | undefined;
  return {
    async gate() {
      opened ??= open();
      const gate = await opened;
      life.signal.throwIfAborted();
      let settings: ReturnType<typeof readSettings> | undefined;
      const once = (): ReturnType<typeof readSettings> => {
        settings ??= readSettings(gate.kube);
        return settings;
      };
      return { ...gate, settings: once };
    },
    memory: () => ({ tokens: tokens.remembered(), failures: new Map(failures) }),
    async [Symbol.asyncDispose]() {
      life.abort(new Error('this ks-apiserver has ended'));
      const gate = await opened?.catch(() => undefined);
      await gate?.[Symbol.asyncDispose]();
    },
  };
}
