import type { ServedType } from './catalogue.ts';
import type { Scribe } from './history.ts';
import type { ApiObject, Draft } from './object.ts';
import type { Registry } from './registry.ts';
import type { Store, Table } from './store.ts';

/** Who asks. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

/** One request for the resource API, past authentication and routing. */
export interface Call {
  readonly user: User;
  readonly type: ServedType;
  readonly namespace: string | undefined;
  /** Empty for a request about the collection. */
  readonly name: string;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  /** Recorded in managedFields. */
  readonly manager: string;
  /** How it is recorded there. @defaultValue Update */
  readonly operation?: 'Update' | 'Apply';
  readonly dryRun: boolean;
  /** Tells the client something beside the answer: a Warning header. */
  warn(text: string): void;
  /** When it came, in milliseconds since 1970: written into metadata. */
  readonly at: number;
}

/** What admission is asked about. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly call: Call;
  /** As in the real server: empty for each object of a deletecollection, and for a create with generateName. */
  readonly name: string;
  readonly object?: ApiObject | Draft;
  readonly oldObject?: ApiObject;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** What the verbs work with. */
export interface Ground {
  readonly store: Store;
  readonly registry: Registry;
  /** Time of day, in milliseconds since 1970. */
  now(): number;
  /** Another number after the server was put back to an earlier moment. */
  age(): number;
  /** Records who writes what. */
  readonly scribe: Scribe;
  /** @throws StatusError when a policy or a webhook refuses. */
  admit(request: AdmissionRequest): Promise<void>;
}

/** Table of a call's resource. */
export function tableOf(ground: Ground, call: Call): Table {
  return ground.store.table(call.type.storage);
}
