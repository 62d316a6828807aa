/** A difference that is known and stays, with the reason why. At most ten. */
export interface Allowance {
  /** `topic: name` of the case. */
  readonly case: string;
  /** Every place that differs, as in `steps[0].body.message`: exactly these, and each of them. */
  readonly places: readonly string[];
  readonly why: string;
}

/** As many as the project lets itself have. */
export const mostAllowed = 10;

const schemas = 'schemas of definitions are kept and not applied: those of KubeSphere are open';

export const allowances: readonly Allowance[] = [
  { case: 'definitions: a closed schema prunes', places: [], why: schemas },
  { case: 'definitions: a closed schema validates', places: [], why: schemas },
  { case: 'definitions: a closed schema fills in', places: [], why: schemas },
];
