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

/** Places within an object, where a request answers with it and where it is afterwards. */
const within = (step: string, places: readonly string[]): string[] => {
  const kept = 'after./apis/{id}.test/v1/namespaces/{id}/things.items[0]';
  return [`${step}.body`, kept].flatMap((object) => places.map((place) => `${object}.${place}`));
};

export const allowances: readonly Allowance[] = [
  {
    case: 'definitions: a closed schema prunes',
    places: [
      'steps[3].headers',
      ...within('steps[3]', [
        'other',
        'spec.b',
        'metadata.managedFields[0].fieldsV1.f:other',
        'metadata.managedFields[0].fieldsV1.f:spec.f:b',
      ]),
    ],
    why: schemas,
  },
  {
    case: 'definitions: a closed schema validates',
    places: [4, 5, 6].flatMap((step) => [`steps[${step}].status`, `steps[${step}].body`]),
    why: schemas,
  },
  {
    case: 'definitions: a closed schema fills in',
    places: within('steps[3]', ['spec', 'metadata.managedFields']),
    why: schemas,
  },
  {
    case: 'watches: from a revision that etcd alone forgot',
    places: ['steps[4].events[0].object', 'steps[4].events[0].type'],
    why: 'a real server still has it in its watch cache for a while; compact() of the sandbox forgets both, so that a client can be shown a 410',
  },
  {
    case: 'admission: an expression that is none',
    places: ['steps[0].body.message', 'steps[0].body.details.causes[0].message'],
    why: 'expressions are parsed by another library, which words syntax errors in its own way',
  },
];
