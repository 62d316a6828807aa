/**
 * Run KubeSphere on many clusters, and move a member cluster to another host without losing a project.
 *
 * @packageDocumentation
 */

export {
  ApiError,
  type ApiFailure,
  type ErrorCode,
  type ErrorDetails,
  FederationError,
} from './errors.ts';
export {
  type ConnectOptions,
  connectMember,
  Federation,
  type FederationOptions,
  type MemberCluster,
} from './federation.ts';
export type { Connection, Listing, ListPage } from './kube/connection.ts';
export type { KubeConfigLike, KubeconfigSource } from './kube/kubeconfig.ts';
export { core, defineResource } from './kube/resources.ts';
export type { KubeSphereCluster } from './kubesphere/cluster.ts';
export { kubesphere } from './kubesphere/resources.ts';
export type { Finding } from './migration/checks/check.ts';
export type { MigrationEnv, MigrationTiming } from './migration/env.ts';
export type { MigrationInput, WorkspaceMove } from './migration/input.ts';
export {
  checks,
  emptyWorkspaces,
  fillWorkspaces,
  leaveSource,
  memberMigration,
  prepareTarget,
} from './migration/member-migration.ts';
export type { MigrationReport } from './migration/report.ts';
export type { ClusterEvent, ClusterInfo, Clusters, NewCluster } from './modules/clusters.ts';
export type { ComponentStatus, Components } from './modules/components.ts';
export type { NamespaceInfo, Namespaces } from './modules/namespaces.ts';
export type { WriteOptions, Written } from './modules/operation.ts';
export type { UserInfo, Users } from './modules/users.ts';
export type { WorkspaceInfo, Workspaces } from './modules/workspaces.ts';
export type { CallOptions, Json, Jsonable, Logger, ResourceRef, RetryPolicy } from './types.ts';
export type { Change, Forecast, Residue } from './workflow/change.ts';
export { type Builder, compose, type Piece, piece, type Workflow } from './workflow/compose.ts';
export type { RunEvent } from './workflow/events.ts';
export { fileJournal } from './workflow/file-journal.ts';
export type { Outcome, Run } from './workflow/handle.ts';
export type { Claim, JournalEntry, JournalStore } from './workflow/journal.ts';
export { memoryJournal } from './workflow/memory-journal.ts';
export type { Plan, PlannedStep } from './workflow/planned.ts';
export { plan, resume, rollback, run } from './workflow/run.ts';
export {
  defineItemStep,
  defineStep,
  type ItemStep,
  type Step,
  type StepContext,
} from './workflow/step.ts';
