/**
 * A KubeSphere federation for tests: in-process API servers with the controllers of KubeSphere 3.x and kubefed on them,
 * including what makes those dangerous. The controllers are ordinary API clients and run against real API servers too.
 *
 * @packageDocumentation
 */

export type {
  AccessQuestion,
  Connection,
  DeleteOptions,
  JsonPatchOperation,
  KubeWriteOptions,
  Listing,
  ListOptions,
  ListPage,
  Patch,
  PatchOptions,
  Preconditions,
  SelectOptions,
  ServedResource,
  WatchEvent,
  WatchOptions,
} from '../kube/connection.ts';
export type {
  KubeObject,
  ManagedFields,
  NewMeta,
  NewObject,
  ObjectMeta,
  ObjectName,
  OwnerReference,
  Resource,
} from '../kube/objects.ts';
export type { Cluster, Condition } from '../kubesphere/resources.ts';
export type { CallOptions, Logger, RetryPolicy } from '../types.ts';
export {
  type AttachOptions,
  attachControllers,
  type Controllers,
  type SandboxRole,
  type SandboxVersion,
} from './attach.ts';
export { Clock } from './clock.ts';
export { addForeignOwner, createHelmReleases, type SeedForeignOwner, type SeedHelmReleases } from './contents.ts';
export type { RuntimeOptions } from './controllers/runtime.ts';
export { type DefinitionsOptions, installDefinitions } from './crds.ts';
export { type DiffOptions, diff, type FieldChange, isSame, type SnapshotDiff } from './diff.ts';
export type { AddedFault, Faults } from './faults/faults.ts';
export type { ClusterFault, FaultRule, OneOf, RequestFault, RequestMatch } from './faults/rule.ts';
export { createFederatedProjects, type SeedFederatedProjects } from './federated-projects.ts';
export type { Gate, Passage } from './gate.ts';
export { type Gateway, type GatewayOptions, startGateway } from './gateway/gateway.ts';
export { type InstallOptions, installKubeSphere } from './install.ts';
export { type KubeSphere, type KubeSphereOptions, startKubeSphere } from './kubesphere.ts';
export type { Moment } from './moment.ts';
export {
  compareProjects,
  observeProjects,
  type ProjectObservation,
  type ProjectsDifference,
  type ProjectsObservation,
} from './observe.ts';
export {
  createWorkspaceRole,
  inviteToWorkspace,
  type SeedInvitation,
  type SeedLeftovers,
  type SeedWorkspaceRole,
  seedLeftovers,
} from './people.ts';
export type { ContentObservation } from './project-contents.ts';
export {
  createProjects,
  createUser,
  createWorkspace,
  type SeedProjects,
  type SeedUser,
  type SeedWorkspace,
} from './projects.ts';
export {
  createSandbox,
  type Sandbox,
  type SandboxCluster,
  type SandboxClusterSpec,
  type SandboxOptions,
} from './sandbox.ts';
export {
  type JoinOptions,
  joinCluster,
  makeMember,
  type SeededMember,
  type SeedMemberOptions,
  seedMember,
  untilFederated,
} from './seed.ts';
export type { KubeconfigOptions } from './server/credentials.ts';
export type { History, WriteRecord } from './server/history.ts';
export type { Fault, InterceptedRequest, Interceptor } from './server/intercept.ts';
export type { ApiObject, ServerMeta } from './server/object.ts';
export { type ApiServer, type ApiServerOptions, startApiServer } from './server/server.ts';
export type { StoreCapture } from './server/store.ts';
export { type Situation, type SituationOptions, seedSituation } from './situations.ts';
export { type Snapshot, type SnapshotOptions, snapshotOf } from './snapshot.ts';
export { type UntilOptions, until } from './until.ts';
