import type { User } from '../../../kubesphere/resources.ts';
import { recordAt, text } from '../../server/object.ts';
import type { Informer } from '../informer.ts';
import type { Review, Verdict } from './server.ts';

const refused = (code: number, message: string): Verdict => ({ allowed: false, code, message });

/** pkg/controller/user/user_webhook.go of 3.x: no two users of a cluster have the same e-mail address. */
export function emailReview(users: Informer<User>): Review {
  return async ({ object }) => {
    const name = text(recordAt(object, 'metadata')['name']);
    const email = text(recordAt(object, 'spec')['email']) ?? '';
    if (email === '') return { allowed: true };
    if (!isAddress(email)) return refused(400, `invalid email address:${email}`);
    const taken = users.list(({ metadata, spec }) => spec.email === email && metadata.name !== name);
    return taken.length > 0 ? refused(409, `user email: ${email} already exists`) : { allowed: true };
  };
}

/** As net/mail takes it, as far as people write it: `name@domain`, or that in angle brackets after a name. */
function isAddress(email: string): boolean {
  return /^(?:[^<>@]*<)?[^\s<>@",;]+@[^\s<>@",;]+>?$/.test(email) && email.includes('<') === email.includes('>');
}
