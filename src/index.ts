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
} from './kube/connection.ts';
export type { KubeConfigLike, KubeconfigCluster, KubeconfigSource, KubeconfigUser } from './kube/kubeconfig.ts';
export type {
  KubeObject,
  ManagedFields,
  NewMeta,
  NewObject,
  ObjectMeta,
  ObjectName,
  ObjectRef,
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
export type { Configz } from './kubesphere/configz.ts';
export type { Dialect } from './kubesphere/dialect.ts';
export type { GatewayAddress } from './kubesphere/gateway/connect.ts';
export type { SignIn as GatewaySignIn } from './kubesphere/gateway/session.ts';
export type { KubeconfigExpiry } from './kubesphere/kubeconfig-expiry.ts';
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
  type UserState,
  type Workspace,
  type WorkspaceResourceQuota,
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
export type { ClusterAnswer } from './modules/across.ts';
export type { AppKind, WorkspaceApp } from './modules/apps.ts';
export type { BatchOptions, BatchProgress, ItemOutcome } from './modules/batch.ts';
export type { ClusterFinding } from './modules/clusters/checks/finding.ts';
export type { AcceptableFinding, ClusterEvent, ClusterInfo, NewCluster, Visibility } from './modules/clusters/info.ts';
export type { Candidate as ClusterCandidate, Preflight as ClusterPreflight } from './modules/clusters/preflight.ts';
export type { PrepareOptions } from './modules/clusters/prepare.ts';
export type { Rotated as RotatedSecret, RotateOptions } from './modules/clusters/rotate-secret.ts';
export type { Unbound as ClusterUnbound } from './modules/clusters/unbind.ts';
export type { Clusters } from './modules/clusters.ts';
export type {
  AnyComponent,
  Catalogue,
  Component,
  ComponentName,
  FixedComponent,
  FixedName,
  PluggableComponent,
  PluggableName,
  SeenName,
} from './modules/components/component.ts';
export type { ComponentDifference } from './modules/components/diff.ts';
export type {
  ComponentSettings,
  GpuKind,
  IngressGateway,
  InstallerVersion,
  NoSettings,
  Setting,
  SettingKind,
  StoreSettings,
} from './modules/components/settings.ts';
export type { ComponentState, ComponentStates } from './modules/components/state.ts';
export type { ClusterComponents, Components, ComponentsDiff, EnableOn, OnClusters } from './modules/components.ts';
export type { ClusterByName, FederationEnv } from './modules/env.ts';
export type { ListingAcross } from './modules/namespaces/across.ts';
export type { Candidate } from './modules/namespaces/candidates.ts';
export type { Consequence } from './modules/namespaces/consequences.ts';
export type { ClaimInProject, ProjectContents } from './modules/namespaces/contents.ts';
export type { NewProject } from './modules/namespaces/creation.ts';
export type { ProjectToDelete } from './modules/namespaces/deletion.ts';
export type { NewFederatedProject } from './modules/namespaces/federated-create.ts';
export type { NamespaceEvent, NamespaceInfo } from './modules/namespaces/info.ts';
export type { LimitRangeInfo, NewLimitRange, NewQuota, QuotaInfo } from './modules/namespaces/limits.ts';
export type { Moved, MoveOptions } from './modules/namespaces/moves.ts';
export type { ProjectUser, ProjectUserName } from './modules/namespaces/people.ts';
export type {
  MovedEach,
  PinnedProject,
  ProjectName,
  ProjectNames,
  ProjectsToMove,
  ProjectToMove,
} from './modules/namespaces/projects.ts';
export type { Protection } from './modules/namespaces/protection.ts';
export type { NamespaceQuery, NamespacesQuery } from './modules/namespaces/query.ts';
export type { Amounts, Limit } from './modules/namespaces/resources.ts';
export type { Namespaces } from './modules/namespaces.ts';
export type { WriteOptions, Written } from './modules/operation.ts';
export type { ProjectMade } from './modules/operations/create-project.ts';
export type { Switched } from './modules/operations/switch-component.ts';
export type { UserProfile } from './modules/operations/user-object.ts';
export type { NewWorkspace } from './modules/operations/workspace-template.ts';
export type {
  ClusterAnswered,
  ClusterOverview,
  FederationOverview,
  StoredKubeconfig,
  WorkspaceOverview,
} from './modules/overview.ts';
export type { Parked as ParkedSecrets } from './modules/parking.ts';
export type { NewPlacement, ProjectAt, ProjectsFate, ShrinkOptions } from './modules/placement/input.ts';
export { type ReleaseInput, type Releasing, releaseProjects } from './modules/placement/release.ts';
export { type Guarded as ShieldedProjects, lowerShields } from './modules/placement/shield.ts';
export type { Subject as PlacedSubject } from './modules/placement/subject.ts';
export type {
  Leaving as LeavingCluster,
  LeavingProjects,
} from './modules/placement/survey.ts';
export type { WorkspacePlacement } from './modules/placement/workspace.ts';
export type { MethodName } from './modules/required/names.ts';
export { type RequiredRules, type RequiredRulesOptions, requiredRules } from './modules/required-rules.ts';
export type { Form as ShieldForm, Raised as RaisedShield } from './modules/shield.ts';
export type { ShieldUp } from './modules/shields-up.ts';
export type { UserDetails, UserEvent, UserInfo } from './modules/users/info.ts';
export type { NewUser, UserChanges } from './modules/users/input.ts';
export type { UserLeftover } from './modules/users/leftovers.ts';
export type { LagReason, MemberSync, UserSync } from './modules/users/sync.ts';
export { type ClusterGrant, type ClusterRevocation, withPassword } from './modules/users/workflows.ts';
export type { DeleteUserOptions, Users } from './modules/users.ts';
export { type MethodWorkflow, methodWorkflows } from './modules/workflows.ts';
export type { AdoptedWorkspace } from './modules/workspaces/adopt-end.ts';
export type { WorkspaceAdoption } from './modules/workspaces/adopt-survey.ts';
export type { WorkspaceToCreate } from './modules/workspaces/create.ts';
export type { WorkspaceDeletion } from './modules/workspaces/delete-plan.ts';
export type { DeletedWorkspace } from './modules/workspaces/delete-steps.ts';
export type { DriftedWorkspace } from './modules/workspaces/drift.ts';
export type { WorkspaceEvent, WorkspaceInfo } from './modules/workspaces/info.ts';
export type { MembersOwn } from './modules/workspaces/members-own.ts';
export type { WorkspaceInvitation, WorkspaceUser } from './modules/workspaces/people.ts';
export type { QuotaToSet, WorkspaceQuota } from './modules/workspaces/quotas.ts';
export type { WorkspaceChanges } from './modules/workspaces/update.ts';
export type { Workspaces } from './modules/workspaces.ts';
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
