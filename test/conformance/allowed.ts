/** A difference that is known and stays, with the reason why. At most ten. */
export interface Allowance {
  /** `topic: name` of the case. */
  readonly case: string;
  /** What every differing place begins with, as in `steps[0].body.message`. */
  readonly where: string;
  readonly why: string;
}

export const allowances: readonly Allowance[] = [];
