import { customGroup } from './fixtures.ts';

/** One call of kubectl, as in a shell without quotes: words are told apart by spaces. */
export interface KubectlCall {
  readonly command: string;
  /** What it reads from standard input; JSON where it is no text. */
  readonly input?: unknown;
  /** Exit code. */
  readonly code: number;
  /** What it says, on one of its outputs. */
  readonly says: string;
  /** Its output is put in for `{name}` in later calls, and compared with nothing. */
  readonly keep?: string;
  /** A call that is made once it has said something; then it is listened to until it `says` what it has to, and ended. */
  readonly meanwhile?: string;
}

type Extra = Pick<KubectlCall, 'input' | 'keep' | 'meanwhile'>;
const ok = (command: string, says: string, extra: Extra = {}): KubectlCall => ({ command, says, code: 0, ...extra });
const no = (command: string, says: string, extra: Extra = {}): KubectlCall => ({ command, says, code: 1, ...extra });
const keep = (name: string, command: string): KubectlCall => ok(command, '', { keep: name });

const ns = 'kubectl-a';
const configMap = (name: string, more: object = {}, data: object = { stage: 'one' }) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: ns, ...more },
  data,
});
const widget = (name: string, spec: object) => ({
  apiVersion: `${customGroup}/v1`,
  kind: 'Widget',
  metadata: { name, namespace: ns, labels: { suite: 'kubectl' } },
  spec,
});
const ownedBy = (name: string) => ({
  ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid: `{${name}}`, blockOwnerDeletion: true }],
});
/** A family: an owner and its child. */
const family = (owner: string, child: string): readonly KubectlCall[] => [
  ok('create -f -', `configmap/${owner} created`, { input: configMap(owner) }),
  keep(owner, `get cm ${owner} -n ${ns} -o jsonpath={.metadata.uid}`),
  ok('create -f -', `configmap/${child} created`, { input: configMap(child, ownedBy(owner)) }),
];

const asking: readonly KubectlCall[] = [
  ok('version', 'Server Version: v1.34.4'),
  ok('get --raw /readyz', 'ok'),
  ok('cluster-info', 'Kubernetes control plane'),
  ok('api-versions', `${customGroup}/v1beta1`),
  ok(`api-resources --api-group=${customGroup}`, 'wd'),
  ok('api-resources --api-group=rbac.authorization.k8s.io -o wide', 'clusterrolebindings'),
  ok(
    'api-resources --api-group=apiextensions.k8s.io --namespaced=false --verbs=list,watch -o name',
    'customresourcedef',
  ),
  no('get nothings', `the server doesn't have a resource type "nothings"`),
  no('get ns nowhere', 'Error from server (NotFound): namespaces "nowhere" not found'),
  ok('get ns nowhere --ignore-not-found', ''),
];

const creating: readonly KubectlCall[] = [
  ok(`create ns ${ns}`, `namespace/${ns} created`),
  no(`create ns ${ns}`, `Error from server (AlreadyExists): namespaces "${ns}" already exists`),
  no('create ns Not_A_Name', 'is invalid'),
  ok(`create ns ${ns} --dry-run=client -o yaml`, 'kind: Namespace'),
  ok('create ns only-asked --dry-run=server', 'namespace/only-asked created (server dry run)'),
  no('get ns only-asked', 'not found'),
  ok(`wait --for=jsonpath={.status.phase}=Active ns/${ns} --timeout=30s`, 'condition met'),
  ok(`wait --for=create sa/default -n ${ns} --timeout=60s`, 'condition met'),
  ok(`label ns ${ns} suite=kubectl`, 'labeled'),
  ok(`create configmap literal -n ${ns} --from-literal=a=1 --from-literal=b=2`, 'configmap/literal created'),
  ok(`create secret generic hidden -n ${ns} --from-literal=password=p`, 'secret/hidden created'),
  ok(`create sa robot -n ${ns}`, 'serviceaccount/robot created'),
  ok(
    `create role reader -n ${ns} --verb=get,list --resource=configmaps`,
    'role.rbac.authorization.k8s.io/reader created',
  ),
  ok(`create rolebinding readers -n ${ns} --role=reader --serviceaccount=${ns}:robot`, 'readers created'),
  ok('create clusterrole kubectl-looks --verb=get --resource=namespaces --resource-name=default', 'created'),
  ok('create clusterrole kubectl-sums --aggregation-rule=suite=nobody', 'created'),
  ok('create clusterrolebinding kubectl-looks --clusterrole=kubectl-looks --user=jane --group=people', 'created'),
  ok('create -f -', 'configmap/plain created', { input: configMap('plain', { labels: { suite: 'kubectl' } }) }),
  no('create -f -', 'Error from server (AlreadyExists)', { input: configMap('plain') }),
  no('create -f -', 'unknown field "dota"', { input: { ...configMap('misspelt'), dota: {} } }),
  ok('create --validate=warn -f -', 'Warning: unknown field "dota"', { input: { ...configMap('warned'), dota: {} } }),
  ok('create --validate=false -f -', 'configmap/ignored created', { input: { ...configMap('ignored'), dota: {} } }),
  no('create -f -', 'cannot unmarshal', { input: configMap('mistyped', {}, { stage: 1 }) }),
  ok('create -f -', 'widget.conformance.test/one created', { input: widget('one', { size: 1 }) }),
  ok('create -f -', 'widget.conformance.test/two created', { input: widget('two', { size: 2 }) }),
  no('create -f -', 'no matches for kind "Gizmo"', { input: { ...widget('three', {}), kind: 'Gizmo' } }),
  no('create -f -', 'namespaces "nowhere" not found', {
    input: { ...configMap('lost'), metadata: { name: 'lost', namespace: 'nowhere' } },
  }),
];

const reading: readonly KubectlCall[] = [
  ok('get ns -l suite=kubectl -o name', `namespace/${ns}`),
  ok(`get ns ${ns} -o json`, '"kind": "Namespace"'),
  ok(`get ns ${ns} -o yaml`, 'phase: Active'),
  ok(`get ns ${ns} -o jsonpath={.metadata.labels.suite}`, 'kubectl'),
  ok(`get ns ${ns} -o custom-columns=NAME:.metadata.name,PHASE:.status.phase`, 'PHASE'),
  ok(`get ns --field-selector=metadata.name=${ns} -o name`, `namespace/${ns}`),
  ok('get ns --field-selector=status.phase=Terminating -o name', ''),
  no('get ns --field-selector=spec.colour=red -o name', 'field label not supported: spec.colour'),
  ok(`get cm -n ${ns} -o name --sort-by=.metadata.name`, 'configmap/plain'),
  ok('get cm -A -l suite=kubectl -o yaml', 'kind: List'),
  ok(`get cm,secret -n ${ns} --field-selector=metadata.name=hidden -o name`, 'secret/hidden'),
  ok(`get secret hidden -n ${ns} -o jsonpath={.data}`, '"password":"cA=="'),
  ok(`get cm -n ${ns} -l suite!=kubectl,missing -o name`, ''),
  no(`get cm -n ${ns} -l a==b==c`, "found '==', expected"),
  ok(`get wd -n ${ns} -o jsonpath={.items[*].metadata.name}`, 'one two'),
  ok(`get widgets.v1beta1.${customGroup} one -n ${ns} -o jsonpath={.apiVersion}`, 'v1beta1'),
  ok(`get role,rolebinding -n ${ns} -o json`, '"kind": "RoleBinding"'),
  ok('get clusterrole kubectl-looks kubectl-sums -o yaml', 'aggregationRule'),
  ok('get clusterrolebinding kubectl-looks -o yaml', 'name: people'),
  ok(`get cm -n ${ns} -o name --chunk-size=1`, 'configmap/plain'),
  ok(`get cm plain -n ${ns} --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}`, 'kubectl-create'),
  ok(`get cm plain -n ${ns} -w -o jsonpath={.metadata.labels.stage},`, 'moving,', {
    meanwhile: `label cm plain -n ${ns} stage=moving`,
  }),
];

const writing: readonly KubectlCall[] = [
  ok(`label cm plain -n ${ns} stage=first --overwrite`, 'configmap/plain labeled'),
  no(`label cm plain -n ${ns} stage=second`, 'already has a value'),
  ok(`label cm plain -n ${ns} stage-`, 'configmap/plain unlabeled'),
  ok(`label cm plain -n ${ns} stage-`, 'not found'),
  ok(`label cm -n ${ns} -l suite=kubectl many=yes`, 'configmap/plain labeled'),
  no(`label cm plain -n ${ns} wrong=not/a/value`, 'invalid label value'),
  no(`label cm nobody -n ${ns} a=b`, 'NotFound'),
  ok(`label cm plain -n ${ns} asked=yes --dry-run=server -o jsonpath={.metadata.labels}`, '"asked":"yes"'),
  ok(`annotate cm plain -n ${ns} note=here`, 'configmap/plain annotated'),
  ok(`annotate cm plain -n ${ns} note-`, 'configmap/plain annotated'),
  ok(`patch cm plain -n ${ns} -p {"data":{"more":"1"}}`, 'configmap/plain patched'),
  ok(`patch cm plain -n ${ns} -p {"data":{"more":"1"}}`, 'configmap/plain patched (no change)'),
  ok(`patch cm plain -n ${ns} --type=merge -p {"data":{"more":null,"less":"2"}}`, 'configmap/plain patched'),
  ok(
    `patch cm plain -n ${ns} --type=json -p [{"op":"test","path":"/data/less","value":"2"},{"op":"remove","path":"/data/less"}]`,
    'configmap/plain patched',
  ),
  no(`patch cm plain -n ${ns} --type=json -p [{"op":"remove","path":"/data/none"}]`, 'the server rejected our request'),
  no(`patch cm plain -n ${ns} --type=merge -p {"metadata":{"resourceVersion":"1"}}`, 'Error from server (Conflict)'),
  no(`patch wd one -n ${ns} --type=strategic -p {"spec":{}}`, 'is not supported by'),
  ok(`patch wd one -n ${ns} --type=merge -p {"spec":{"size":9},"status":{"phase":"kept-out"}}`, 'patched'),
  ok(
    `patch wd one -n ${ns} --type=merge --subresource=status -p {"status":{"conditions":[{"type":"Ready","status":"True"}]}}`,
    'patched',
  ),
  ok(`get wd one -n ${ns} -o yaml`, 'generation: 2'),
  ok(`get wd one -n ${ns} --subresource=status -o jsonpath={.status}`, 'Ready'),
  ok('replace -f -', 'configmap/plain replaced', { input: configMap('plain', { labels: { suite: 'kubectl' } }) }),
  no('replace -f -', 'NotFound', { input: configMap('nobody') }),
  ok('replace --force -f -', 'replaced', { input: configMap('literal') }),
  ok('apply -f -', 'configmap/applied created', { input: configMap('applied', {}, { a: '1', b: '2' }) }),
  ok('apply -f -', 'configmap/applied unchanged', { input: configMap('applied', {}, { a: '1', b: '2' }) }),
  ok('apply -f -', 'configmap/applied configured', { input: configMap('applied', {}, { a: '3' }) }),
  ok(`get cm applied -n ${ns} -o jsonpath={.data}`, '{"a":"3"}'),
  ok('apply -f -', 'widget.conformance.test/applied created', { input: widget('applied', { size: 1, old: 1 }) }),
  ok('apply -f -', 'widget.conformance.test/applied configured', { input: widget('applied', { size: 2 }) }),
  ok(`get wd applied -n ${ns} -o jsonpath={.spec}`, '{"size":2}'),
  ok(`get cm plain -n ${ns} -o yaml`, 'suite: kubectl'),
];

const rights: readonly KubectlCall[] = [
  ok('create -f -', 'secret/robot created', {
    input: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'robot', namespace: ns, annotations: { 'kubernetes.io/service-account.name': 'robot' } },
      type: 'kubernetes.io/service-account-token',
    },
  }),
  ok(`wait --for=jsonpath={.data.token} secret/robot -n ${ns} --timeout=60s`, 'condition met'),
  keep('token', `get secret robot -n ${ns} -o go-template={{.data.token|base64decode}}`),
  ok(`--token={token} get cm plain -n ${ns} -o name`, 'configmap/plain'),
  no(`--token={token} get secret -n ${ns}`, 'Error from server (Forbidden)'),
  no(`--token={token} label cm plain -n ${ns} a=b`, 'Error from server (Forbidden)'),
  no(`--token={token} delete ns ${ns}`, 'Error from server (Forbidden)'),
  no('--token={token} create ns mine', 'Error from server (Forbidden)'),
  ok(`--token={token} auth can-i list configmaps -n ${ns}`, 'yes'),
  no(`--token={token} auth can-i delete configmaps -n ${ns}`, 'no'),
  no('--token={token} auth can-i get /metrics', 'no'),
  ok('auth can-i * * --all-namespaces', 'yes'),
  no('--token=nonsense get ns', 'Unauthorized'),
  ok(`get cm plain -n ${ns} -o name --as=system:serviceaccount:${ns}:robot`, 'configmap/plain'),
  no(`get secret -n ${ns} --as=system:serviceaccount:${ns}:robot`, 'Error from server (Forbidden)'),
  ok('get ns default -o name --as=jane', 'namespace/default'),
  no('get ns kube-system -o name --as=jane', 'Error from server (Forbidden)'),
  ok('get ns default -o name --as=joe --as-group=friends --as-group=people', 'namespace/default'),
  ok('get ns kube-system -o name --as=joe --as-group=system:masters', 'namespace/kube-system'),
  no(`--token={token} get ns --as=admin`, 'cannot impersonate resource "users"'),
  no(
    `--token={token} get ns --as=system:serviceaccount:${ns}:default`,
    'cannot impersonate resource "serviceaccounts"',
  ),
  no('get ns --as-group=people', 'without impersonating a user'),
];

const deleting: readonly KubectlCall[] = [
  ...family('orphaner', 'orphan'),
  ok(`delete cm orphaner -n ${ns} --cascade=orphan`, 'configmap "orphaner" deleted'),
  ok(`get cm orphan -n ${ns} -o yaml`, 'name: orphan'),
  ...family('front', 'first'),
  ok(`delete cm front -n ${ns} --cascade=foreground`, 'configmap "front" deleted'),
  no(`get cm first -n ${ns}`, 'NotFound'),
  ...family('back', 'later'),
  ok(`delete cm back -n ${ns} --cascade=background`, 'configmap "back" deleted'),
  keep('gone', `wait --for=delete cm/later -n ${ns} --timeout=120s`),
  ok(`delete cm warned -n ${ns} --dry-run=server`, 'configmap "warned" deleted (server dry run)'),
  ok(`delete cm warned -n ${ns} --grace-period=0 --wait=false`, 'configmap "warned" deleted'),
  ok(`delete cm warned -n ${ns} --ignore-not-found`, ''),
  no(`delete cm warned -n ${ns}`, 'Error from server (NotFound): configmaps "warned" not found'),
  ok(`delete wd -n ${ns} -l suite=kubectl`, 'widget.conformance.test "two" deleted'),
  ok(`delete cm -n ${ns} --field-selector=metadata.name=ignored`, 'configmap "ignored" deleted'),
  no(`wait --for=condition=Ready cm/plain -n ${ns} --timeout=1s`, 'timed out waiting for the condition'),
  no(`wait --for=condition=Ready cm/nobody -n ${ns} --timeout=1s`, 'NotFound'),
  ok('delete -f -', 'configmap "plain" deleted', { input: configMap('plain') }),
  ok('delete clusterrole,clusterrolebinding kubectl-looks', 'deleted'),
  ok('delete clusterrole kubectl-sums', 'deleted'),
  ok('create -f -', 'configmap/held created', { input: configMap('held', { finalizers: ['suite.example/hold'] }) }),
  ok(`delete ns ${ns} --wait=false`, `namespace "${ns}" deleted`),
  no('create -f -', 'because it is being terminated', { input: configMap('late') }),
  ok(`wait --for=jsonpath={.status.phase}=Terminating ns/${ns} --timeout=30s`, 'condition met'),
  ok(`wait --for=jsonpath={.metadata.deletionTimestamp} cm/held -n ${ns} --timeout=60s`, 'condition met'),
  no(`wait --for=delete ns/${ns} --timeout=1s`, 'timed out waiting for the condition'),
  ok(`patch cm held -n ${ns} --type=merge -p {"metadata":{"finalizers":null}}`, 'configmap/held patched'),
  keep('gone', `wait --for=delete ns/${ns} --timeout=180s`),
  no(`get ns ${ns}`, 'NotFound'),
];

/** What people do with kubectl, in the order in which it is done. */
export const kubectlScript: readonly KubectlCall[] = [
  ...asking,
  ...creating,
  no(`wait --for=condition=Ready wd/one -n ${ns} --timeout=0s`, 'condition'),
  ...reading,
  ...writing,
  ok(`wait --for=condition=Ready wd/one -n ${ns} --timeout=30s`, 'condition met'),
  ...rights,
  ...deleting,
];
