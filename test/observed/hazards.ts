import { type Entry, ofKubernetes, seconds } from './entry.ts';
import * as authority from './replays/authority.ts';
import { sideObjects, unbindEverything } from './replays/binding.ts';
import { leftoverWorkspace } from './replays/collisions.ts';
import { formerHost, jwtSecret } from './replays/installer.ts';
import { labelFromOutside, markOffAndCleared, ownerFirst } from './replays/marks.ts';
import { controllersDown, deadMember } from './replays/shrink.ts';

/** Hazards that the tables do not show, on a host and its member. */
export const joinedHazards: readonly Entry[] = [
  {
    hazards: ['H3'],
    act: 'owner references emptied before the label is off',
    observed: 'put back, and the project goes with its workspace',
    outcome: { owner: 'put back', 'then lost with the workspace': '1 of 1' },
    play: ownerFirst,
  },
  {
    hazards: ['H21'],
    act: 'a tool applies the label of its manifest again after the project was unbound',
    observed: 'bound again, and lost with the workspace',
    outcome: { project: 'bound again', 'then lost with the workspace': '1 of 1' },
    play: labelFromOutside,
  },
  {
    hazards: ['H8'],
    act: 'the page’s loop over all namespaces',
    observed: 'system namespaces lose their workspace too: system-workspace is empty',
    outcome: {
      'kube-system was in system-workspace': true,
      'namespaces left in system-workspace': 0,
      'plain namespaces left in any workspace': 'none',
    },
    play: unbindEverything,
  },
  {
    hazards: ['H13'],
    act: 'a template deleted after its projects were unbound, as the page says',
    observed: 'the workspace quota, its roles and their bindings go; roles in the projects stay',
    outcome: {
      'project lost': '0 of 1',
      'workspace quota': 'gone',
      'WorkspaceRoles and their bindings': 'gone',
      'roles in the project kept': '3 of 3',
    },
    play: sideObjects,
  },
  {
    hazards: ['H14'],
    act: 'a project deleted while ks-controller-manager of the member is down',
    observed: 'emptied, and Terminating until the controller is back',
    outcome: { contents: 'gone', namespace: 'Terminating', held: 'finalizers.kubesphere.io/namespaces' },
    play: controllersDown,
  },
  {
    hazards: ['H6'],
    act: 'the mark taken off a multi-cluster project after the detach, then the Workspace cleared',
    observed: 'bound to the local Workspace at once, and deleted with it',
    outcome: { 'multi-cluster project lost': '1 of 1' },
    delays: { Terminating: ofKubernetes(0.8, 7) },
    destroys: true,
    play: markOffAndCleared,
  },
  {
    hazards: ['H19'],
    act: 'a user deleted on the host while one of two members is dead',
    observed:
      'gone on the host and on the ready member; only the FederatedUser hangs, until the dead Cluster is deleted',
    outcome: {
      'user of the host': 'gone',
      'copy on the ready member': 'gone',
      FederatedUser: 'hangs until the dead Cluster is deleted',
    },
    play: deadMember,
  },
  {
    hazards: ['H11'],
    act: 'the member imported under another name',
    observed: 'a workspace placed on the old name never appears, and its status says True',
    outcome: { 'workspace placed on the old name': 'never appears', 'its status says': 'True' },
    play: authority.otherName,
  },
  {
    hazards: ['H11'],
    act: 'another cluster imported under a name that was in use',
    observed: 'it inherits the placements of the former one',
    outcome: { 'workspace placed on the former cluster of that name': 'on the other one' },
    play: authority.inheritedPlacement,
  },
];

/** Hazards that the tables do not show, where there is a second host. */
export const hostsHazards: readonly Entry[] = [
  {
    hazards: ['H18'],
    act: 'Ready read as a proof that the member is in sync',
    observed: 'it comes before anything is synced, and stays when sync is dead',
    outcome: { 'Ready before the first sync': true, 'Ready while sync is dead': true, 'user arrived': false },
    play: authority.readyIsNoProof,
  },
  {
    hazards: ['H9'],
    act: 'an entry of a placement removed by its index while somebody else edits the list',
    observed: 'the wrong cluster is taken off, and the projects there go (H7)',
    outcome: { 'still placed on': 'elsewhere', lost: '4 of 4' },
    delays: { Terminating: ofKubernetes(0.8) },
    destroys: true,
    play: authority.placementByIndex,
  },
  {
    hazards: ['H15'],
    act: 'the jwtSecret of B given to the installer of the member',
    observed:
      'the run rewrites kubesphere-config and makes kubesphere-secret again; set back to empty, the secret stays the one of B',
    outcome: {
      'jwtSecret after the run': 'of B',
      'edit by hand': 'lost',
      clusterName: 'gone until the next resync',
      'kubesphere-secret': 'made again',
      'after setting it back to empty': 'still of B',
    },
    play: jwtSecret,
  },
  {
    hazards: ['H12'],
    act: 'the token of a host that no longer has the member',
    observed: 'still writes on the member: a project is deleted with it',
    outcome: { 'deleted with the token of A': '1 of 1' },
    play: authority.formerHostWrites,
  },
  {
    hazards: ['H12'],
    act: 'the account of A deleted on the member after B has joined',
    observed:
      'B used the same one: KubeFedCluster Offline for good while the Cluster says Ready; annotating it heals in 2 s',
    outcome: {
      'both hosts use one account': true,
      'Cluster says Ready': true,
      KubeFedCluster: 'Offline for good',
      annotated: 'heals',
    },
    delays: { healed: seconds(0, 2) },
    play: authority.accountDeletedTooLate,
  },
  {
    hazards: ['H16'],
    act: 'bindings of people of A left on the member, people of the same name on B',
    observed: 'they have those rights there, and B lists them among the users of the cluster',
    outcome: { 'granted clusters on B': 'm', 'sam on the member': 'cluster-admin' },
    play: authority.staleRights,
  },
  {
    hazards: ['H4'],
    act: 'the leftover Workspace of a pure member adopted by B, whose placement is edited later',
    observed: 'step 2 of the page finds no template; kubefed deletes the Workspace, and its projects go',
    outcome: { 'page’s step 2 on a member': 'NotFound', lost: '4 of 4' },
    delays: { Terminating: ofKubernetes(0.8) },
    destroys: true,
    play: leftoverWorkspace,
  },
  {
    hazards: ['H17'],
    act: 'a former host made a member with its kubefed still there',
    observed:
      'its own kubefed still manages what bears its mark on this very cluster, and deletes what the new host brings',
    outcome: { 'its own kubefed': 'at work', claim: 'lost with its data, made again empty' },
    destroys: true,
    play: formerHost,
  },
];
