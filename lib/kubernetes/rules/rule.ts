/** What happens when a rule is broken. */
type Severity =
  /** Synthesis fails. */
  | 'error'
  /** The manifests are written; the finding is printed once, and kept as metadata of the construct. */
  | 'warning';

/** Where a rule can be broken. */
type Subject =
  /** In the program that declares the model. */
  | 'program'
  /** In the manifests, whoever wrote them. */
  | 'manifests'
  /** In both. */
  | 'both';

/** One rule. Its code never changes its meaning; a rule that goes leaves its code unused. */
export interface Rule {
  /** `MS` and four digits. */
  readonly code: string;

  /** A few words, as a headline. */
  readonly title: string;

  /** What holds, as a full sentence. */
  readonly statement: string;

  /** What goes wrong otherwise. */
  readonly why: string;

  readonly severity: Severity;

  readonly subject: Subject;
}

/** Rules of one area, by a name that reads well in code. */
export type RuleTable = { readonly [name: string]: Rule };
