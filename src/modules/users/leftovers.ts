import { sleep } from '../../internal/signal.ts';
import { hostLabel } from '../../kubesphere/names.ts';
import { kubesphere } from '../../kubesphere/resources.ts';
import type { CallOptions } from '../../types.ts';
import { askClusters } from '../across.ts';
import type { FederationEnv } from '../env.ts';

/** A copy of a user whose original is gone. */
export interface UserLeftover {
  readonly cluster: string;
  readonly why: string;
}

const pausesMs = [0, 200, 500, 1_000, 2_000, 4_000, 8_000] as const;

/** Members that still have a copy of a user whose original was deleted, once those that are well have had the time to delete theirs. */
export async function leftovers(
  env: FederationEnv,
  name: string,
  options: CallOptions,
): Promise<readonly UserLeftover[]> {
  const { signal } = options;
  const call: CallOptions = signal === undefined ? {} : { signal };
  const clusters = await env.host.connection.list(kubesphere.clusters, call).toArray();
  let members = clusters
    .filter(({ metadata }) => !(hostLabel in (metadata.labels ?? {})))
    .map(({ metadata }) => metadata.name);
  const silent: UserLeftover[] = [];
  for (const pauseMs of pausesMs) {
    await sleep(pauseMs, signal);
    const answers = await askClusters(
      env,
      async ({ connection }, how) => (await connection.find(kubesphere.users, { name }, how)) !== undefined,
      { ...call, ...(options.retry === undefined ? {} : { retry: options.retry }), clusters: members },
    );
    for (const one of answers)
      if (!one.answered)
        silent.push({ cluster: one.cluster, why: `it does not answer, and keeps what it has: ${one.error.message}` });
    members = answers.flatMap((one) => (one.answered && one.value ? [one.cluster] : []));
    if (members.length === 0) return silent;
  }
  return [
    ...silent,
    ...members.map((cluster) => ({
      cluster,
      why: `it still has a user "${name}"; where that bears kubefed.io/managed=false it is an account of its own, else kubefed is late`,
    })),
  ];
}
