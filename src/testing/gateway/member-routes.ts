import type { Answer } from '../server/answer.ts';
import { isRecord, recordAt, text } from '../server/object.ts';
import { clusterLevel, giveRole, type Level, projectLevel, takeRoles, workspaceLevel } from './bindings.ts';
import type { GatewayContext } from './context.ts';
import { entityOf, kindOf, mismatch, recordEntity } from './entity.ts';
import { listUsers, membersOf } from './people.ts';
import { jsonAnswer, notFound, Refusal, success } from './refusal.ts';
import { only, type Route, type RoutedRequest } from './routes.ts';

/** People of one place, and how their routes are spelled. */
interface Place {
  readonly base: string;
  /** Name of the last segment of a path to one of them. */
  readonly one: string;
  /** Annotation and filter for the role. */
  readonly roleKind: string;
  readonly level: (request: RoutedRequest) => Level;
}

const iam = '/kapis/iam.kubesphere.io/v1alpha2';

const places: readonly Place[] = [
  { base: `${iam}/clustermembers`, one: 'clustermember', roleKind: 'clusterrole', level: () => clusterLevel },
  {
    base: `${iam}/workspaces/{workspace}/workspacemembers`,
    one: 'workspacemember',
    roleKind: 'workspacerole',
    level: ({ at }) => workspaceLevel(at('workspace')),
  },
  {
    base: `${iam}/namespaces/{namespace}/members`,
    one: 'member',
    roleKind: 'role',
    level: ({ at }) => projectLevel(at('namespace')),
  },
];

/** Somebody and the role they are to have. */
interface Wanted {
  readonly username: string;
  readonly roleRef: string;
}

function wantedOf(value: unknown): Wanted {
  const { username, roleRef } = recordAt(value);
  return { username: text(username) ?? '', roleRef: text(roleRef) ?? '' };
}

/** One after the other, up to the first that fails; who came before it is in. */
async function invite(gate: GatewayContext, level: Level, request: RoutedRequest): Promise<Answer> {
  const entity = entityOf(request);
  if (!Array.isArray(entity))
    throw new Refusal(400, `json: cannot unmarshal ${kindOf(entity)} into Go value of type []v1alpha2.Member`);
  const members = entity.filter(isRecord).map(wantedOf);
  for (const { username, roleRef } of members) await giveRole(gate.kube, level, username, roleRef);
  return jsonAnswer(members);
}

async function change(gate: GatewayContext, level: Level, request: RoutedRequest, username: string): Promise<Answer> {
  const member = wantedOf(recordEntity(request));
  if (member.username !== username) throw mismatch(member.username, username);
  await giveRole(gate.kube, level, username, member.roleRef);
  return jsonAnswer(member);
}

function routesOf({ base, one, roleKind, level }: Place): Route[] {
  const annotation = `iam.kubesphere.io/${roleKind}`;
  const pattern = `${base}/{${one}}`;
  return [
    {
      method: 'GET',
      pattern: base,
      failure: only(500),
      async handle({ kube }, request) {
        const query = new URLSearchParams(request.query);
        const role = query.get(roleKind) ?? '';
        query.delete(roleKind);
        return jsonAnswer(listUsers(await membersOf(kube, level(request), { annotation, role }), query));
      },
    },
    {
      method: 'GET',
      pattern,
      failure: only(500, 404),
      async handle({ kube }, request) {
        const name = request.at(one);
        const members = await membersOf(kube, level(request), { annotation });
        const [found] = listUsers(members, new URLSearchParams({ names: name })).items;
        if (found === undefined) throw notFound('user.iam.kubesphere.io', name);
        return jsonAnswer(found);
      },
    },
    { method: 'POST', pattern: base, handle: (gate, request) => invite(gate, level(request), request) },
    {
      method: 'PUT',
      pattern,
      handle: (gate, request) => change(gate, level(request), request, request.at(one)),
    },
    {
      method: 'DELETE',
      pattern,
      async handle({ kube }, request) {
        await takeRoles(kube, level(request), request.at(one));
        return success;
      },
    },
  ];
}

/** Members of the cluster, of workspaces and of projects (pkg/kapis/iam/v1alpha2). */
export const memberRoutes: readonly Route[] = places.flatMap(routesOf);
