import { type AnyMethod, isGraphMethod, isSkipped, type Outcome, type PlanContext } from '../../methods/method';
import { smaller, smallerLeaf } from '../../methods/smaller';
import { type Dense, type FloatType, isDense, type Operator } from '../../operators/operator';
import { leavesOf, noneReach, unseenLeaves } from '../../operators/tree';

/** A step that is to be decided for one layer. */
export interface StepToDecide {
  /** What stands for the layer's weight before the step. */
  readonly before: Operator;
  /** Whether that is the model's own weight, which no step has rewritten. */
  readonly isOwnWeight: boolean;
  readonly method: AnyMethod;
  readonly options: unknown;
  /** `type`: of the layer's weight as the model stores it. */
  readonly consumer: Pick<PlanContext, 'op' | 'opset'> & { readonly type: FloatType };
  /** Why there are no statistics of the layer's input, as the end of a sentence; absent where there are some. */
  readonly noInput?: string | undefined;
}

/** What a step does to a layer. */
export type Decision =
  | {
      readonly kind: 'rewritten';
      readonly operator: Operator;
      /** What the method said of the leaves that it rewrote. */
      readonly outcomes: ReadonlyMap<Dense, LeafOutcome>;
      /** Why other leaves were left as they were. */
      readonly skipped?: string;
    }
  | { readonly kind: 'unchanged'; readonly skipped: string | undefined }
  /** The size follows from values that a plan does not have. */
  | { readonly kind: 'unknown' };

/** What a method makes of a leaf; 'unknown' from plans only. */
export type LeafOutcome = Outcome | 'unknown';

/** What a decision needs to know: from a plan at once, or from values later. */
type Question =
  | { readonly leaf: Dense }
  /** The tree with these leaves replaced. */
  | { readonly replaced: ReadonlyMap<Dense, Operator> };

type Answer = LeafOutcome | Operator;
type Deciding = Generator<Question, Decision, Answer>;

/** Who answers: `leaf` says what the method makes of a leaf, `tree` is `before` with some leaves replaced. */
export interface Answers<L, T> {
  leaf(leaf: Dense): L;
  tree(replaced: ReadonlyMap<Dense, Operator>): T;
}

/** The decision from sizes alone. */
export function decideNow(step: StepToDecide, answers: Answers<LeafOutcome, Operator>): Decision {
  const deciding = decide(step);
  let at = deciding.next();
  while (!at.done) at = deciding.next(answered(at.value, answers));
  return at.value;
}

/** The decision from values. */
export async function decideByValues(
  step: StepToDecide,
  answers: Answers<Promise<Outcome>, Promise<Operator>>,
): Promise<Decision> {
  const deciding = decide(step);
  let at = deciding.next();
  while (!at.done) at = deciding.next(await answered(at.value, answers));
  return at.value;
}

const answered = <L, T>(question: Question, answers: Answers<L, T>): L | T =>
  'leaf' in question ? answers.leaf(question.leaf) : answers.tree(question.replaced);

/** The one place where it is decided what a step does to a layer, for plans and for runs. */
function* decide(step: StepToDecide): Deciding {
  const { before, consumer } = step;
  const refused = whyNotBegun(step);
  if (refused !== undefined) return unchanged(refused);
  const outcomes = new Map<Dense, LeafOutcome>();
  const replaced = new Map<Dense, Operator>();
  let skipped: string | undefined;
  let unknown = false;
  let weighed = false;
  for (const leaf of leavesOf(before)) {
    const outcome = withoutStatistics(step, leaf) ?? ((yield { leaf }) as LeafOutcome);
    if (outcome === 'unknown') {
      unknown = true;
      continue;
    }
    if (isSkipped(outcome)) {
      skipped = outcome.skipped;
      continue;
    }
    const found = outcome.weighed ? outcome.operator : smallerLeaf(outcome.operator, leaf, before, consumer);
    if (isSkipped(found)) {
      skipped = found.skipped;
      continue;
    }
    weighed ||= outcome.weighed === true;
    outcomes.set(leaf, outcome);
    replaced.set(leaf, found);
  }
  if (unknown) return { kind: 'unknown' };
  if (replaced.size === 0) return unchanged(skipped);
  const operator = (yield { replaced }) as Operator;
  // Where the layer is one leaf, its size has been compared already.
  if (!weighed && !isDense(before)) {
    const found = smaller(operator, before, consumer);
    if (isSkipped(found)) return unchanged(found.skipped);
  }
  return { kind: 'rewritten', operator, outcomes, ...(skipped !== undefined && { skipped }) };
}

const unchanged = (skipped: string | undefined): Decision => ({ kind: 'unchanged', skipped });

/** Why a step leaves a layer before its method is asked; undefined where it is asked. */
export function whyNotBegun({
  before,
  isOwnWeight,
  method,
}: Pick<StepToDecide, 'before' | 'isOwnWeight' | 'method'>): string | undefined {
  if (isGraphMethod(method) && !isOwnWeight) return `was rewritten by a step before; put ${method.name} first`;
  return leavesOf(before).length === 0 ? `nothing is left to rewrite: it is ${before.form} already` : undefined;
}

/** Why a method that looks at data leaves a leaf of which no data tells; undefined where the method can go on. */
function withoutStatistics(
  { before, method, options, consumer, noInput }: StepToDecide,
  leaf: Dense,
): LeafOutcome | undefined {
  if (isGraphMethod(method) || !method.needsData?.(options)) return undefined;
  const reason =
    noInput !== undefined
      ? `needs statistics of its input, and ${noInput}`
      : unseenLeaves(before).includes(leaf)
        ? `needs statistics of its inputs, and ${noneReach(before)}`
        : undefined;
  if (reason === undefined) return undefined;
  // What no data would change says more.
  const planned = plannedOutcome(method, leaf, options, consumer);
  return planned !== 'unknown' && isSkipped(planned) ? planned : { skipped: reason };
}

/** What a method will make of a leaf, from sizes alone. */
export function plannedOutcome(method: AnyMethod, leaf: Dense, options: unknown, context: PlanContext): LeafOutcome {
  const planned = method.plan(leaf, options, context);
  return planned === 'unknown' || isSkipped(planned) ? planned : { operator: planned };
}
