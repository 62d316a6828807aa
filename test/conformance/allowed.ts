/** A difference that is known and stays, with the reason why. At most ten. */
export interface Allowance {
  /** `topic: name` of the case. */
  readonly case: string;
  /** What every differing place begins with, as in `steps[0].body.message`; empty for any place. */
  readonly where: string;
  readonly why: string;
}

/** As many as the project lets itself have. */
export const mostAllowed = 10;

const schemas = 'schemas of definitions are kept and not applied: those of KubeSphere are open';
const expressions = 'expressions are parsed by another library, which knows types only when it evaluates';

const versions = 'a custom resource of a version that is not served is refused without a word about its fields';

export const allowances: readonly Allowance[] = [
  { case: 'definitions: a closed schema prunes', where: '', why: schemas },
  { case: 'definitions: a closed schema validates', where: '', why: schemas },
  { case: 'definitions: a closed schema fills in', where: '', why: schemas },
  { case: 'verbs-widgets: a Widget: create with another version', where: 'steps[0].headers', why: versions },
  { case: 'verbs-gadgets: a Gadget: create with another version', where: 'steps[0].headers', why: versions },
  {
    case: 'metadata: create a custom resource with managedFields of its own',
    where: '',
    why: 'managedFields that a client makes up are replaced, where the real server gives up tracking the object',
  },
  { case: 'admission: an expression that is none', where: '', why: expressions },
  { case: 'admission: an expression of an unknown variable', where: '', why: expressions },
  { case: 'admission: an expression that is no test', where: '', why: expressions },
];
