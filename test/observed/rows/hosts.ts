import { type Entry, seconds } from '../entry.ts';
import { adopted, readopted, rebound, templateRetired, undone } from '../replays/adoption.ts';
import { joinRefused, nameCollision, twoHosts } from '../replays/collisions.ts';

/** Rows of 8.2 and 8.4 on two hosts and a member that was standalone before. */
export const hosts8284: readonly Entry[] = [
  {
    row: 'B first',
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
    row: 'undo',
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
    row: 'member with a WorkspaceTemplate of its own',
    act: 'template of an adopted member deleted while the shield denies DELETE of the Workspace',
    observed:
      'not tried again, Terminating; its finalizers off: template gone, Workspace with its UID, roles kept, projects owned',
    outcome: {
      'under the shield': 'Terminating',
      'finalizers taken off': 'gone',
      'Workspace with its UID': true,
      'its roles': 'kept',
      'projects written': '0 of 30',
      owned: '30 of 30',
      lost: 0,
    },
    play: templateRetired,
  },
  {
    row: 'the old host’s placements',
    act: 'the member imported again into the old host, which still has placements for it',
    observed: 'A takes the multi-cluster projects back 25 s after the import',
    outcome: { 'multi-cluster project': 'managed again, same UID' },
    delays: { managed: seconds(25) },
    play: readopted,
  },
  {
    row: 'H5: FederatedNamespace of the same name on the new host, placed elsewhere',
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
    row: 'same workspace on B placed elsewhere',
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
    delays: { refused: seconds(4), 'joins then': seconds(0, 30) },
    play: joinRefused,
  },
  {
    row: 'the order of design.md section 6, shield up throughout',
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
    row: 'two hosts joined to one M',
    hazards: ['H12'],
    act: 'two hosts joined to one member',
    observed:
      'both say Ready; passwords alternate, 8 writes in 45 s; what one of them places elsewhere is deleted and made again empty: lost within 40 s',
    outcome: {
      'both say Ready': true,
      passwords: '2, alternating',
      'project placed by one of them only': '1 of 1 lost, made again empty',
    },
    delays: { 'eight password writes': seconds(45), lost: seconds(40) },
    destroys: true,
    play: twoHosts,
  },
];
