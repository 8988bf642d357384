import { UserError } from '../engine/core/errors';
import type { AnyMethod } from '../engine/methods/method';
import { type Control, controlsOf, keysOf } from '../engine/methods/options';
import { methods } from '../engine/methods/registry';
import { AIMS } from '../engine/operators/export/choice';
import { didYouMean } from '../engine/recipe/nearest';

/** `carrara methods [NAME]`: every method in a line, or one with its options, as their schemas have them. */
export function methodsCommand(name: string | undefined, { json }: { json?: boolean }): void {
  const found = name === undefined ? methods : [called(name)];
  if (json) console.log(JSON.stringify(found.map(reportOf), null, 2));
  else console.log(name === undefined ? listOfMethods() : describe(found[0]!));
}

/** A line for each method. */
export function listOfMethods(): string {
  const width = Math.max(...methods.map(({ name }) => name.length));
  return methods.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n');
}

/** What a recipe is, for the help of `compress`. */
export const recipeHelp = (): string => `
A recipe:
  { "version": 1, "steps": [
    { "layers": "encoder.*", "ignore": "op:Gather", "method": "svd", "options": { "size": 0.5 } },
    { "layers": "*", "method": "half", "options": {} } ] }
  layers, ignore   node or weight names, * for any run of characters, op:Gemm by operator; one or a list
  export           { "aim": "${AIMS.join('" | "')}" }: what the written form is best at; speed where it is left out;
                   or { "form": "factored" | "load" | "use" }: applied through its factors, or rebuilt on loading or
                   at each use, wherever that exists
  seed             a whole number, for what methods draw at random; 0 where it is left out

Methods (carrara methods NAME tells the options of one):
${listOfMethods()}`;

function called(name: string): AnyMethod {
  const found = methods.find((method) => method.name === name);
  if (found) return found;
  const meant = didYouMean(
    name,
    methods.map((method) => method.name),
  );
  throw new UserError(`No method is called "${name}"; ${meant}`);
}

const reportOf = ({ name, title, summary, paper, options }: AnyMethod) => ({
  name,
  title,
  summary,
  paper,
  options: controlsOf(options),
});

function describe({ name, title, summary, paper, options }: AnyMethod): string {
  const controls = controlsOf(options);
  const keys = keysOf(options);
  const width = Math.max(0, ...keys.map(({ key }) => key.length));
  const lines = keys.map(({ key, help }) => {
    const control = controls.find((one) => one.key === key);
    return `  ${key.padEnd(width)}  ${control ? explain(control) : `${help} (may be left out)`}`;
  });
  const groups = new Map<string, string[]>();
  for (const { group, key } of controls) if (group) groups.set(group, [...(groups.get(group) ?? []), key]);
  const exclusive = [...groups.values()].map((keys) => {
    const { when = {} } = controls.find(({ key }) => key === keys[0])!;
    const where = Object.entries(when).map(([key, values]) => `${key} ${values.join(' or ')}`);
    return `  ${where.length > 0 ? `With ${where.join(', ')} exactly` : 'Exactly'} one of ${keys.join(', ')}.`;
  });
  return [
    `${name}: ${title}`,
    summary,
    `(${paper})`,
    '',
    ...(lines.length > 0 ? ['Options:', ...lines, ...exclusive] : ['It has no options.']),
  ].join('\n');
}

function explain({
  kind,
  values,
  least,
  above,
  most,
  unit,
  whole,
  help,
  fallback,
  optional,
  group,
  when,
}: Control): string {
  const bounds =
    most === undefined
      ? least === undefined
        ? ''
        : `, ${above ? 'above' : 'at least'} ${least}`
      : `, ${least ?? 0} to ${most}`;
  const type =
    kind === 'choice'
      ? values!.join(' | ')
      : kind === 'toggle'
        ? 'true | false'
        : kind === 'list'
          ? 'a list of whole numbers'
          : unit === 'share'
            ? 'above 0, at most 1'
            : `a ${whole ? 'whole ' : ''}number${bounds}`;
  const standing =
    fallback !== undefined
      ? `; ${JSON.stringify(fallback)} where it is left out`
      : optional && group === undefined
        ? '; may be left out'
        : '';
  const only = Object.entries(when ?? {}).map(([key, wanted]) => `; only with ${key} ${wanted.join(' or ')}`);
  return `${help} (${type}${standing}${only.join('')})`;
}
