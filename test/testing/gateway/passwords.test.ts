import { hash } from 'bcryptjs';
import { expect, it } from 'vitest';
import { kubeClient } from '../../../src/testing/gateway/kube.ts';
import { createPasswords } from '../../../src/testing/gateway/passwords.ts';
import { settingsOf } from '../../../src/testing/gateway/settings.ts';
import type { Upstream } from '../../../src/testing/gateway/upstream.ts';

it('wrong passwords are remembered as long as they count, and no longer', async () => {
  const password = await hash('right', 4);
  const upstream = {
    async send({ path }: { readonly path: string }) {
      const name = path.split('/').at(-1);
      const user = { metadata: { name }, spec: { email: '', password }, status: { state: 'Active' } };
      return { statusCode: 200, body: { text: async () => JSON.stringify(user) } };
    },
  } as unknown as Upstream;
  let time = 0;
  const failures = new Map<string, readonly number[]>();
  const passwords = createPasswords(kubeClient(upstream), () => time, failures);
  for (const name of ['ann', 'ben', 'cleo', 'dora']) {
    await expect(passwords.authenticate(settingsOf({}), name, 'wrong')).rejects.toThrow('incorrect password');
    time += 4 * 60_000;
  }
  // Ten minutes.
  expect([...failures.keys()]).toEqual(['ben', 'cleo', 'dora']);
});
