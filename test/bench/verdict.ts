import type { Patches, Size } from './sandbox.ts';

/** What a sandbox of 300 members with 20 projects each may cost. It is said of their start; joins take what kubefed takes. */
const limits = { startMs: 10_000, peakMiB: Math.floor(1e9 / 2 ** 20) } as const;

/** In which respects it costs more than that, in words; none where it does not. */
export function excessOf({ startMs, peakMiB }: Pick<Size, 'startMs' | 'peakMiB'>): readonly string[] {
  return [
    ...(startMs >= limits.startMs ? [`${startMs} ms is over the limit of ${limits.startMs} ms`] : []),
    ...(peakMiB >= limits.peakMiB ? [`${peakMiB} MiB is over the limit of ${limits.peakMiB} MiB`] : []),
  ];
}

/** What is said against a sandbox of that size. What takes its time with joins is told, and not held against it; that projects lack is. */
export function faultsOfSize(size: Size): readonly string[] {
  const { projects, asked, joined } = size;
  return [
    ...(projects === asked ? [] : [`${projects} projects are there, and ${asked} were to be`]),
    ...(joined ? [] : excessOf(size)),
  ];
}

/** What is said against the sandbox's API server beside a real one: that it is not faster. Without a real one, nothing is. */
export function faultsOfPatches({ sandbox, real }: Patches): readonly string[] {
  if (!('ms' in sandbox)) return [`the sandbox was not measured: ${sandbox.why}`];
  if (!('ms' in real) || sandbox.ms < real.ms) return [];
  return [`${sandbox.ms} ms for PATCHes is not less than the ${real.ms} ms of a real API server`];
}
