import type { Authenticator } from '../authentication.ts';
import type { Ground } from '../call.ts';
import type { ServedType } from '../catalogue.ts';
import { failedWith, InternalClient } from '../internal-client.ts';
import { written } from '../managed-fields.ts';
import { type ApiObject, draftOf, recordAt, text, timestamp } from '../object.ts';
import type { Pace } from '../pace.ts';
import { keyOf } from '../store.ts';
import { follow } from './follow.ts';
import { WorkQueue } from './work-queue.ts';

const delays = { minMs: 10, maxMs: 100, retryMs: 50, maxRetryMs: 10_000 };
const tokenType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const usedLabel = 'kubernetes.io/legacy-token-last-used';
const uidAnnotation = 'kubernetes.io/service-account.uid';

/** What the controller needs from its server. */
interface ServiceAccountOptions {
  readonly authenticator: Authenticator;
  /** PEM, goes into every token Secret. */
  readonly authority: string;
  readonly secrets: ServedType;
  readonly accounts: ServedType;
}

/** Gives every namespace its `default` ServiceAccount, fills token Secrets, and removes those whose account is gone. */
export class ServiceAccounts {
  readonly #ground: Ground;
  readonly #client: InternalClient;
  readonly #options: ServiceAccountOptions;
  readonly #tokens: WorkQueue;
  readonly #defaults: WorkQueue;

  /** Works on `ground` from now on. */
  constructor(ground: Ground, pace: Pace, options: ServiceAccountOptions) {
    this.#ground = ground;
    this.#options = options;
    this.#client = new InternalClient(ground, 'service-account-controller');
    options.authenticator.onUse((secret) => this.#noteUse(secret));
    this.#tokens = new WorkQueue(pace, 'service-account-tokens', delays, (key) => this.#syncToken(key));
    this.#defaults = new WorkQueue(pace, 'service-accounts', delays, (namespace) => this.#createDefault(namespace));
    follow(ground.store, pace, (storage, { key, before, after }, initial) => {
      if (storage === 'secrets' && after?.['type'] === tokenType) this.#tokens.add(key);
      if (storage === 'namespaces' && after !== undefined) this.#defaults.add(key);
      if (initial) return;
      if (storage === 'serviceaccounts' && before?.metadata.uid !== after?.metadata.uid) {
        this.#syncTokensOf(before ?? after);
        if (after === undefined && before?.metadata.name === 'default')
          this.#defaults.add(before.metadata.namespace ?? '');
      }
    });
  }

  /** Notes in its Secret the day on which a token was last used, as the API server does. */
  #noteUse(secret: ApiObject): void {
    const at = this.#ground.now();
    const day = timestamp(at).slice(0, 10);
    if (secret.metadata.labels?.[usedLabel] === day) return;
    const draft = draftOf(secret);
    draft.metadata.labels = { ...secret.metadata.labels, [usedLabel]: day };
    const writer = { manager: 'kube-apiserver', subresource: undefined, type: this.#options.secrets, at };
    draft.metadata.managedFields = written(writer, secret, draft);
    this.#ground.store.table('secrets').put(keyOf(secret.metadata.namespace, secret.metadata.name), draft);
  }

  #syncTokensOf(account: ApiObject | undefined): void {
    for (const secret of this.#ground.store.table('secrets').all()) {
      const { name, namespace, annotations } = secret.metadata;
      if (secret['type'] !== tokenType || namespace !== account?.metadata.namespace) continue;
      if (annotations?.[nameAnnotation] === account?.metadata.name) this.#tokens.add(keyOf(namespace, name));
    }
  }

  async #syncToken(key: string): Promise<void> {
    const secret = this.#ground.store.table('secrets').get(key);
    if (secret === undefined || secret['type'] !== tokenType || secret.metadata.deletionTimestamp !== undefined) return;
    const { annotations, namespace = '', name, uid } = secret.metadata;
    const accountName = annotations?.[nameAnnotation] ?? '';
    const account = this.#ground.store.table('serviceaccounts').get(keyOf(namespace, accountName));
    const known = annotations?.[uidAnnotation];
    const { secrets, authenticator, authority } = this.#options;
    if (account === undefined || (known !== undefined && known !== account.metadata.uid)) {
      return this.#ignoring(this.#client.delete(secrets, secret, { preconditions: { uid } }), 404, 409);
    }
    if (text(recordAt(secret, 'data')['token']) !== undefined && known !== undefined) return;
    const token = authenticator.issueServiceAccount({
      namespace,
      account: accountName,
      uid: account.metadata.uid,
      secret: name,
    });
    const base64 = (value: string): string => Buffer.from(value).toString('base64');
    const patch = {
      metadata: { uid, annotations: { [uidAnnotation]: account.metadata.uid } },
      data: { token: base64(token), namespace: base64(namespace), 'ca.crt': base64(authority) },
    };
    await this.#ignoring(this.#client.patch(secrets, secret, patch), 404, 409);
  }

  async #createDefault(namespace: string): Promise<void> {
    const found = this.#ground.store.table('namespaces').get(namespace);
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) return;
    if (this.#ground.store.table('serviceaccounts').get(keyOf(namespace, 'default')) !== undefined) return;
    await this.#ignoring(
      this.#client.create(this.#options.accounts, { metadata: { name: 'default' } }, namespace),
      404,
      409,
    );
  }

  async #ignoring(request: Promise<void>, ...codes: readonly number[]): Promise<void> {
    try {
      await request;
    } catch (error) {
      if (!failedWith(error, ...codes)) throw error;
    }
  }
}
