/**
 * Run KubeSphere on many clusters, and move a member cluster to another host without losing a project.
 *
 * @packageDocumentation
 */

export { ApiError, type ApiFailure, type ErrorCode, type ErrorDetails, FederationError } from './errors.ts';
export {
  type CommonFederationOptions,
  type ConnectOptions,
  connectMember,
  Federation,
  type FederationOptions,
  type MemberCluster,
} from './federation.ts';
export { type RequestTrace, type RunTrace, type StepTrace, tracing } from './internal/tracing.ts';
export { type ClusterJournalOptions, clusterJournal } from './journal/cluster-journal.ts';
export type {
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
} from './kube/connection.ts';
export type { KubeConfigLike, KubeconfigCluster, KubeconfigSource, KubeconfigUser } from './kube/kubeconfig.ts';
export type {
  KubeObject,
  ManagedFields,
  NewMeta,
  NewObject,
  ObjectMeta,
  ObjectName,
  OwnerReference,
  Resource,
} from './kube/objects.ts';
export {
  type AdmissionConfiguration,
  type ConfigMap,
  core,
  defineResource,
  type Namespace,
  type PolicyRule,
  type Role,
  type RoleBinding,
  type Secret,
  type ServiceAccount,
  type Subject,
  type Untyped,
} from './kube/resources.ts';
export type { KubeSphereCluster } from './kubesphere/cluster.ts';
export type { Dialect } from './kubesphere/dialect.ts';
export type { GatewayAddress } from './kubesphere/gateway/connect.ts';
export type { SignIn as GatewaySignIn } from './kubesphere/gateway/session.ts';
export {
  type Cluster,
  type ClusterConfiguration,
  type Condition,
  type FederatedObject,
  type FederatedSpec,
  type GroupBinding,
  type KubeFedCluster,
  kubesphere,
  type LabelSelector,
  type Placement,
  type User,
  type Workspace,
  type WorkspaceTemplate,
} from './kubesphere/resources.ts';
export type { KubeSphereVersion } from './kubesphere/version.ts';
export type { Checked as CheckOutcome, Finding } from './migration/checks/check.ts';
export type { MigrationEnv, MigrationTiming } from './migration/env.ts';
export type { MigrationInput, WorkspaceMove } from './migration/input.ts';
export {
  type Begun as MigrationBegun,
  checks,
  composeMigration,
  concludeMove,
  emptyWorkspaces,
  fillWorkspaces,
  joinTarget,
  leaveSource,
  type MemberPrepared,
  memberMigration,
  prepareMember,
  prepareTarget,
  type Secured as MemberSecured,
  type SourceLeft,
  secureMember,
  type TargetJoined,
  type TargetPrepared,
  type WorkspacesEmptied,
  type WorkspacesFilled,
} from './migration/member-migration.ts';
export {
  type Finished as MigrationFinished,
  type MigrationReport,
  reportOf as migrationReport,
} from './migration/report.ts';
export type { AppFound, ProjectFound, Snapshot as MigrationSnapshot, WorkspaceFound } from './migration/snapshot.ts';
export type { Verified as VerifiedProjects } from './migration/steps/verify.ts';
export type { Surveyed as SurveyedMember } from './migration/writing.ts';
export type { AppKind } from './modules/apps.ts';
export type { BatchOptions, BatchProgress, ItemOutcome } from './modules/batch.ts';
export type { ClusterEvent, ClusterInfo, Clusters, NewCluster } from './modules/clusters.ts';
export type { ComponentStatus, Components } from './modules/components.ts';
export type { ClusterByName, FederationEnv } from './modules/env.ts';
export type { NewFederatedProject } from './modules/namespaces/federated-create.ts';
export type { NamespaceInfo, Namespaces, Protection } from './modules/namespaces.ts';
export type { WriteOptions, Written } from './modules/operation.ts';
export type { NewProject } from './modules/operations/federated-namespace.ts';
export type { Visibility } from './modules/operations/set-visibility.ts';
export type { NewWorkspace } from './modules/operations/workspace-template.ts';
export type { Parked as ParkedSecrets } from './modules/parking.ts';
export type { NewPlacement, ProjectAt, ProjectsFate, ShrinkOptions } from './modules/placement/input.ts';
export { type ReleaseInput, type Releasing, releaseProjects } from './modules/placement/release.ts';
export { type Guarded as ShieldedProjects, lowerShields } from './modules/placement/shield.ts';
export type { Subject as PlacedSubject } from './modules/placement/subject.ts';
export type {
  Leaving as LeavingCluster,
  Pinned as PinnedNamespace,
  Survey as LeavingProjects,
} from './modules/placement/survey.ts';
export type { WorkspacePlacement } from './modules/placement/workspace.ts';
export type { Form as ShieldForm, Raised as RaisedShield } from './modules/shield.ts';
export type { UserInfo, Users } from './modules/users.ts';
export type { WorkspaceInfo, Workspaces } from './modules/workspaces.ts';
export type { CallOptions, Json, Jsonable, Logger, ResourceRef, RetryPolicy } from './types.ts';
export type { Change, Forecast, Residue, Touch } from './workflow/change.ts';
export {
  type Builder,
  compose,
  type Fresh as FreshName,
  type NoClash as NoNameClash,
  type Piece,
  piece,
  type Result as StepResult,
  type Workflow,
  type WorkflowIdentity,
} from './workflow/compose.ts';
export type {
  Definition as WorkflowDefinition,
  Element as WorkflowElement,
  ErasedItemStep,
  ErasedState,
  ErasedStep,
  Gate as WorkflowGate,
} from './workflow/definition.ts';
export {
  type DescribeOptions,
  describe,
  type ListRunsOptions,
  listRuns,
  type UnreadableRun,
} from './workflow/describe.ts';
export type { PauseReason, RunEvent, RunEventBase, ShownGate, StepEventBase } from './workflow/events.ts';
export { fileJournal } from './workflow/file-journal.ts';
export type { Outcome, Run } from './workflow/handle.ts';
export type { Claim, Ended as RunEnded, FixedItem, JournalEntry, JournalStore, Pruned } from './workflow/journal.ts';
export { memoryJournal } from './workflow/memory-journal.ts';
export type { Approval, DriveOptions, PlanOptions, ResumeOptions, RunOptions } from './workflow/options.ts';
export type { Outline as StepOutline } from './workflow/outline.ts';
export type { Plan, PlannedGate, PlannedStep } from './workflow/planned.ts';
export { type PruneOptions, pruneRuns } from './workflow/prune.ts';
export { plan, resume, rollback, run } from './workflow/run.ts';
export type {
  Doing as DriverAction,
  RecordedError,
  RunDescription,
  RunSummary,
  StepStanding,
} from './workflow/standing.ts';
export {
  type Checked as PlainStep,
  defineItemStep,
  defineStep,
  type Foreseen,
  type IsPlain,
  type ItemStep,
  type ListedItem,
  type Looks as StepLooks,
  type Step,
  type StepBase,
  type StepContext,
  type Undo as StepUndo,
} from './workflow/step.ts';
