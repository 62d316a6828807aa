import { type Absent, type Entry, each, seconds } from './entry.ts';
import { adopted, readopted, rebound, templateRetired, undone } from './replays/adoption.ts';
import { appOfCluster, appsUninstalled, labelTooEarlyAndTooLate } from './replays/binding.ts';
import { joinRefused, nameCollision, twoHosts } from './replays/collisions.ts';
import { labelOff, markFalse, markOff, workspaceDeleted } from './replays/marks.ts';
import * as move from './replays/move.ts';
import { forgottenWhileDown, immune, shrunk, shrunkWhileDown } from './replays/shrink.ts';
import {
  pageStepTwo,
  pageStepTwoShielded,
  templateDeleted,
  templateOrphaned,
  workspaceOrphaned,
} from './replays/templates.ts';

/** 8.1 of the domain reference: the move from host A to host B, in the order in which it was made. */
export const move81: readonly Entry[] = [
  {
    section: '8.1',
    act: 'a Cluster created with joinFederation false',
    observed: 'inert: finalizer, empty status, nothing on the member; patched to true it joins, in 1.0 s',
    outcome: { status: 'empty', 'on the member': 'nothing', 'patched to true': 'joins' },
    delays: { joined: seconds(1) },
    play: move.inert,
  },
  {
    section: '8.1',
    hazards: ['H18'],
    act: 'host A joins the member',
    observed: 'Federated and Ready in 0.2-1.0 s, KubeFedCluster 0.4 s later; the first user only 23-33 s after that',
    outcome: { Federated: true, Ready: true, KubeFedCluster: 'Ready', 'something on the member by then': false },
    delays: {
      Ready: seconds(0.2, 1),
      'KubeFedCluster Ready': seconds(0.6, 1.4),
      'first user on the member': seconds(23, 33),
    },
    play: move.joined,
  },
  {
    section: '8.1',
    act: 'a user and a workspace made while the member is joined',
    observed: 'on the member in 0.1-0.4 s',
    outcome: { user: 'on the member', workspace: 'on the member' },
    delays: { user: seconds(0.1, 0.4), workspace: seconds(0.1, 0.4) },
    play: move.copied,
  },
  {
    section: '8.1',
    act: 'projects unbound while A is joined, one filtered patch each',
    observed: '220 patches in 4.2 s, no conflict; held, also across a restart of the controllers of the member',
    outcome: { conflicts: 0, 'unbound after a restart': '45 of 45', lost: '0 of 45' },
    delays: { 'one patch': each(220, 4.2) },
    play: move.unboundWhileJoined,
  },
  {
    section: '8.1',
    hazards: ['H12'],
    act: 'DELETE of the Cluster on A',
    observed:
      'Cluster, KubeFedCluster and secret gone in 0.1-0.4 s, namespaces unchanged; placements and status stay on A, on the member its account with a token that works, its role and binding, clusterName and every label',
    outcome: {
      'KubeFedCluster and secret left on A': 0,
      'namespaces of the member': 'unchanged',
      'placement left on A': 'm',
      'A still says of m': 'OK',
      'token of A on the member': 'works',
      clusterName: true,
      'managed label': 'true',
    },
    delays: { gone: seconds(0.1, 0.4) },
    play: move.clusterDeleted,
  },
  {
    section: '8.1',
    act: 'projects unbound after the detach',
    observed: 'fine as well',
    outcome: { lost: '0 of 5' },
    play: move.unboundAfterDetach,
  },
  {
    section: '8.1',
    act: 'the managed label taken off everything on the member',
    observed: '67 objects in 0.7 s, most of them roles and bindings',
    outcome: { 'roles and bindings are the most': true, left: 0 },
    delays: { 'one object': each(67, 0.7) },
    play: move.stripped,
  },
  {
    section: '8.1',
    act: 'a leftover Workspace deleted with orphan propagation',
    observed: 'gone in 0.2 s; namespaces Active under their UIDs; its WorkspaceRoles remain',
    outcome: { lost: '0 of 20', 'WorkspaceRoles remain': true },
    delays: { gone: seconds(0.2) },
    play: move.leftoversOrphaned,
  },
  {
    section: '8.1',
    act: 'a leftover Workspace deleted plainly right after a complete unbind',
    observed: '25 of 25 survive',
    outcome: { lost: '0 of 25' },
    play: move.leftoversDeleted,
  },
  {
    section: '8.1',
    act: 'ServiceAccount, ClusterRole and binding of A deleted on the member',
    observed: 'the old token gets 401 in less than 2 s',
    outcome: { 'old token': 401 },
    delays: { refused: seconds(0, 2) },
    play: move.shutOutOfMember,
  },
  {
    section: '8.1',
    act: 'host B imports the member',
    observed: 'Federated and Ready in 0.2 s, KubeFedCluster Ready after 4.1 s',
    outcome: { Federated: true, Ready: true, KubeFedCluster: 'Ready' },
    delays: { Ready: seconds(0.2), 'KubeFedCluster Ready': seconds(0.6, 4.1) },
    play: move.imported,
  },
  {
    section: '8.1',
    act: 'users of B arrive',
    observed: 'the password of B overwrites that of the unlabelled user whom A left, 23-33 s after the join',
    outcome: { 'password was another': true, 'and is now': 'the new host’s' },
    delays: { overwritten: seconds(23, 33) },
    play: move.overwritten,
  },
  {
    section: '8.1',
    act: 'all projects labelled with a workspace of B',
    observed: '220 labels in 1.6 s; 2.7 s later all are owned by the new Workspace; stable',
    outcome: { 'owned by the new Workspace': '50 of 50', stable: '50 of 50', lost: '0 of 50' },
    delays: { 'one label': each(220, 1.6), 'all owned': seconds(0, 2.7) },
    play: move.labelled,
  },
];

/** Rows of 8.2 on a host and its member. */
export const joined82: readonly Entry[] = [
  {
    section: '8.2',
    hazards: ['H6'],
    act: 'label off a managed namespace while A is joined, alone and together with the mark',
    observed: 'back after 0.7-11 s',
    outcome: { 'label off': 'back', 'label and mark off': 'both back', 'same UID': true },
    delays: { 'label back': seconds(0.7, 11), 'both back': seconds(0.7, 11) },
    play: labelOff,
  },
  {
    section: '8.2',
    hazards: ['H6'],
    act: 'only the mark taken off while A is joined',
    observed: 'bound to the local Workspace at once',
    outcome: { owner: 'the local Workspace' },
    delays: { bound: seconds(0, 1) },
    play: markOff,
  },
  {
    section: '8.2',
    act: 'mark set to false and label off while A is joined',
    observed:
      'holds, status ManagedLabelFalse; its FederatedNamespace deleted, the namespace stays and a managed ConfigMap in it goes',
    outcome: {
      'label stays off': true,
      status: 'ManagedLabelFalse',
      'FederatedNamespace deleted: namespace': 'kept',
      'its managed ConfigMap': 'deleted',
    },
    play: markFalse,
  },
  {
    section: '8.2',
    act: 'the Workspace on the member marked as not managed while A is joined',
    observed: 'a shrunk placement and a plain template delete on A are harmless',
    outcome: { 'lost by shrinking': '0 of 4', 'lost by deleting': '0 of 4', 'Workspace kept': true },
    play: immune,
  },
  {
    section: '8.2',
    hazards: ['H7'],
    act: 'placement shrunk on A',
    observed: '10 of 10 bound namespaces Terminating after 0.8 s, gone by 8 s; unbound ones survive',
    outcome: { 'bound ones lost': '10 of 10', 'unbound ones lost': '0 of 2' },
    delays: { Terminating: seconds(0.8), gone: seconds(0.8, 8) },
    destroys: true,
    play: shrunk,
  },
  {
    section: '8.2',
    hazards: ['H7'],
    act: 'placement shrunk while the member is down, its Cluster kept',
    observed: 'A reports all well; about 40 s after the return the Workspace is deleted and its namespaces race',
    outcome: { 'A says of the propagation': 'True', Workspace: 'deleted' },
    delays: { 'Workspace deleted after the return': seconds(40) },
    play: shrunkWhileDown,
  },
  {
    section: '8.2',
    act: 'Cluster deleted while the member is down',
    observed: 'finishes at once; the member comes back with everything intact',
    outcome: { Cluster: 'gone at once', lost: '0 of 5' },
    delays: { 'Cluster gone': seconds(0, 1) },
    play: forgottenWhileDown,
  },
  {
    section: '8.2',
    hazards: ['H7'],
    act: 'template deleted on A, plainly and with kubectl’s --cascade=orphan',
    observed:
      'all bound namespaces of the member in 0.6 s, multi-cluster projects too, and the labelled ones of the host; --cascade=orphan makes no difference',
    outcome: {
      'lost on the member': '6 of 6',
      'lost on the host': '2 of 2',
      'lost on the member with --cascade=orphan': '6 of 6',
      'lost on the host with --cascade=orphan': '2 of 2',
    },
    delays: { Terminating: seconds(0.6), 'with --cascade=orphan': seconds(0.6) },
    destroys: true,
    play: templateDeleted,
  },
  {
    section: '8.2',
    hazards: ['H10'],
    act: 'template deleted on A with the orphan finalizer',
    observed: 'nothing lost; the label stays on some and goes from others',
    outcome: { lost: '0 of 10' },
    play: templateOrphaned,
  },
  {
    section: '8.2',
    hazards: ['H2'],
    act: 'step 2 of the page on a member with a template of its own, projects still bound',
    observed: 'all lost in 7 s; with the orphan finalizer none',
    outcome: { lost: '10 of 10', 'lost with the orphan finalizer': '0 of 10' },
    delays: { gone: seconds(7) },
    destroys: true,
    play: pageStepTwo,
  },
  {
    section: '8.2',
    act: 'step 2 of the page under the shield',
    observed: 'none of 10 lost; Workspace and template gone, references dangling; cleared and lifted, all live on',
    outcome: {
      lost: '0 of 10',
      'Workspace and template': 'gone',
      'references dangling': '10 of 10',
      'lost after clearing and lifting': '0 of 10',
    },
    play: pageStepTwoShielded,
  },
  {
    section: '8.2',
    hazards: ['H10'],
    act: 'a Workspace deleted with orphan propagation, projects bound',
    observed: 'none of 200 lost; 196 kept the label',
    outcome: { lost: '0 of 40' },
    play: workspaceOrphaned,
  },
  {
    section: '8.2',
    hazards: ['H4'],
    act: 'Workspace deleted on the member while A is joined',
    observed: 'recreated under another UID after 8 s',
    outcome: { Workspace: 'recreated', UID: 'another' },
    delays: { recreated: seconds(8) },
    play: workspaceDeleted,
  },
  {
    section: '8.2',
    hazards: ['H10'],
    act: 'label set before the Workspace exists, and while it is Terminating',
    observed: 'dangling, and bound once it appears; taken off in 1 s, and not bound later',
    outcome: {
      'label before the Workspace': 'dangles',
      'once the Workspace is there': 'bound',
      'label while it is Terminating': 'taken off',
      'bound later': false,
    },
    delays: { 'taken off': seconds(0, 1) },
    play: labelTooEarlyAndTooLate,
  },
  {
    section: '8.2',
    hazards: ['H1'],
    act: 'template deleted with the orphan finalizer, HelmReleases in its projects',
    observed: 'labelled releases deleted within 1 s, and helm run; the one without the label untouched',
    outcome: {
      'projects lost': '0 of 1',
      'labelled release': 'deleted',
      'its Deployment and claim': 'uninstalled',
      'release without the label': 'untouched',
    },
    delays: { 'release deleted': seconds(0, 1) },
    destroys: true,
    play: appsUninstalled,
  },
  {
    section: '8.2',
    hazards: ['H1'],
    act: 'Cluster deleted, a HelmRelease of the host on it',
    observed: 'the release is gone, helm is not run',
    outcome: { HelmRelease: 'gone with the Cluster', 'its Deployment': 'kept' },
    play: appOfCluster,
  },
];

/** Rows of 8.2 and 8.4 on two hosts and a member that was standalone before. */
export const hosts8284: readonly Entry[] = [
  {
    section: '8.4',
    act: 'B adopts in place: workspaces placed there beforehand, shields up, Cluster deleted on A, A shut out, marks off, import',
    observed:
      'same UID of the Workspace, 50 of 50 plain projects not written, 51 of 51 owned, B lists m as OK, its edits arrive in 0.2 s; all well once the shields are down',
    outcome: {
      'Workspaces with their UID': true,
      'plain projects written': '0 of 30',
      'multi-cluster project with its UID': true,
      owned: '31 of 31',
      'B says of m': 'OK',
      lost: 0,
    },
    delays: { 'edit of the template on B arrives': seconds(0.2) },
    play: adopted,
  },
  {
    section: '8.4',
    act: 'undo: Cluster deleted on B, B shut out, its templates deleted, Cluster created again on A',
    observed:
      'adopted again within 25 s: same UIDs, projects not written, the multi-cluster project managed again with its contents, the manager restored',
    outcome: {
      'Workspaces with their UID': true,
      'plain projects written': '0 of 30',
      lost: 0,
      'multi-cluster project': 'managed again, same UID and contents',
      manager: 'restored',
    },
    delays: { adopted: seconds(25) },
    play: undone,
  },
  {
    section: '8.4',
    act: 'template of an adopted member deleted while the shield denies DELETE of the Workspace',
    observed:
      'not tried again, Terminating; its finalizers off: template gone, Workspace with its UID, roles kept, projects owned',
    outcome: {
      'under the shield': 'Terminating',
      'finalizers taken off': 'gone',
      'Workspace with its UID': true,
      'its roles': 'kept',
      'projects written': '0 of 30',
      lost: 0,
    },
    play: templateRetired,
  },
  {
    section: '8.2',
    act: 'the member imported again into the old host, which still has placements for it',
    observed: 'A takes the multi-cluster projects back 25 s after the import',
    outcome: { 'multi-cluster project': 'managed again, same UID' },
    delays: { managed: seconds(25) },
    play: readopted,
  },
  {
    section: '8.2',
    hazards: ['H5'],
    act: 'a FederatedNamespace of the same name on B, placed elsewhere',
    observed:
      'Terminating 12-15 s after Ready, gone by 19 s; objects whose FederatedNamespace is missing are deleted too; without a counterpart only the label goes',
    outcome: {
      'same name, placed elsewhere': '1 of 1 lost',
      'object without its FederatedNamespace': 'deleted',
      'no counterpart': 'mark off, kept',
    },
    delays: { Terminating: seconds(12, 15), gone: seconds(12, 19) },
    destroys: true,
    play: nameCollision,
  },
  {
    section: '8.2',
    act: 'the same workspace on the next host, placed elsewhere',
    observed:
      'refused in 4 s, text in Federated.reason, tried again at the next resync; ServiceAccount, token and secret are there already',
    outcome: {
      'text in Federated.reason': true,
      KubeFedCluster: 'none',
      'ServiceAccount on the member': 'there',
      'secret on the host': 'there',
      'once placed there': 'joins at the next resync',
    },
    delays: { refused: seconds(0.2, 4), 'joins then': seconds(0, 30) },
    play: joinRefused,
  },
  {
    section: '8.1',
    act: 'the whole order by hand: B prepared, detach, shut out, unbind, release, clear, import, place, bind, shield throughout',
    observed: '50 plain and one multi-cluster project, all UIDs kept',
    outcome: {
      'with their UID': '11 of 11',
      'former Workspace': 'gone',
      'contents lost': 0,
      'bound to the new Workspace': '10 of 10',
    },
    play: rebound,
  },
  {
    section: '8.2',
    hazards: ['H12'],
    act: 'two hosts joined to one member',
    observed:
      'both say Ready; passwords alternate, 8 writes in 45 s; what one of them places elsewhere is deleted and made again empty: lost within 40 s',
    outcome: {
      'both say Ready': true,
      passwords: '2, alternating',
      'project placed by one of them only': '1 of 1 lost, made again empty',
    },
    delays: { 'eight password writes': seconds(45), lost: seconds(1, 40) },
    destroys: true,
    play: twoHosts,
  },
];

/** Rows that this suite does not replay, and why. */
export const absent: readonly Absent[] = [
  {
    section: '8.2',
    hazards: ['H20'],
    act: 'DELETE of a workspace over the tenant API, with and without a body, and with one of another content type',
    observed: 'always 200; JSON body Orphan: 5 of 5 kept; no body, or text/plain: none of 5',
    why: 'needs ks-apiserver’s front door: test/testing/gateway/workspaces.test.ts',
  },
];
