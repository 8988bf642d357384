import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { version } from '../../package.json';
import { isAbort, messageOf } from '../engine/core/errors';
import { listedDataExtensions } from '../engine/formats/formats';
import { didYouMean } from '../engine/recipe/nearest';
import type { CompressCommandOptions } from './compress';
import { sentence } from './fileErrors';
import { OPEN_LIMIT, onCancel } from './supervised';
import { CANCELLED } from './supervision';

/** Faults of which Commander says what is wrong, but not what would be right. */
const USAGE = [
  'commander.missingArgument',
  'commander.optionMissingArgument',
  'commander.excessArguments',
  'commander.unknownOption',
];

/** An option that may be given more than once. */
const collected = (value: string, before: readonly string[] = []) => [...before, value];

/** A whole number, `least` or more. */
const countFrom = (least: number) => (value: string) => {
  if (!/^\d{1,9}$/.test(value) || Number(value) < least)
    throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
  return Number(value);
};

/** Options that several commands take. */
const DATA = [
  '--data <file>',
  `samples, with labels or without (${listedDataExtensions()}); without it, inputs are generated`,
] as const;
const OTHER_SAMPLES = [
  '--calibration <file>',
  `other samples for methods that look at data (${listedDataExtensions()})`,
] as const;
const SHAPE = [
  '--shape <name=sizes>',
  'the shape of an input that is made up, as in input_ids=1,512; once for each',
  collected,
] as const;

const controller = new AbortController();
onCancel(() => controller.abort());

const { argv, stdout, stderr } = process;

stdout.on('error', unprinted);
stderr.on('error', () => {});

// Each command is imported when it is called: `inspect` needs no methods and no runtime.
const recipeHelp = argv.includes('compress') ? (await import('./methods')).recipeHelp() : '';

const program = new Command('carrara')
  .description('Compresses ONNX models: smaller weights, plain ONNX.')
  .version(version)
  .showSuggestionAfterError()
  .exitOverride()
  .configureOutput({ outputError: () => {}, writeErr: () => {} })
  .addHelpText(
    'afterAll',
    `
Exit codes: 0; 1 with one line that says what to do; 130, 143 or 129 where Ctrl-C, SIGTERM or SIGHUP ended it. A second
Ctrl-C ends it at once. Except with 0, nothing was written.`,
  );

program
  .helpCommand('help [command]', 'explains a command')
  .allowExcessArguments()
  .action(() => {
    const [name] = program.args;
    program.error(
      name === undefined ? `name a command: there are ${commands().join(', ')}; --help explains them.` : unknown(name),
    );
  });

function commands(): string[] {
  return program.commands.map((command) => command.name());
}

function unknown(command: string): string {
  return `unknown command '${command}'; ${didYouMean(command, commands())}`;
}

program
  .command('inspect')
  .description('lists the layers of a model and says which can be compressed')
  .argument('<model>', 'an .onnx file; its data files are found beside it')
  .option(
    '--calibration <file>',
    `samples without labels (${listedDataExtensions()}): also list the outlier channels of each layer's input`,
  )
  .option(...OPEN_LIMIT)
  .option('--json', 'print JSON')
  .action(async (path: string, options) =>
    (await import('./inspect')).inspectCommand(path, options, controller.signal),
  );

program
  .command('methods')
  .description('lists the methods of recipes, or tells the options of one')
  .argument('[name]', 'a method')
  .option('--json', 'print JSON')
  .action(async (name: string | undefined, options) => (await import('./methods')).methodsCommand(name, options));

program
  .command('compress')
  .description('runs a recipe on a model and writes a smaller one')
  .argument('<model>', 'an .onnx file; its data files are found beside it')
  .option('--recipe <file>', 'the recipe, JSON (needed)')
  .option(
    '--out <file>',
    'the .onnx file to write (needed); one that exists is replaced once the new one is whole; a link, or a file that the model is made from, is refused',
  )
  .option('--backend <kind>', 'gpu (any WebGPU adapter), cpu, or auto: a real GPU, else the CPU', 'auto')
  .option(
    '--calibration <file>',
    `samples without labels (${listedDataExtensions()}): for methods that need data, and to report each layer's output error`,
  )
  .option(...SHAPE)
  .option(...OPEN_LIMIT)
  .option('--json', 'print JSON')
  .addHelpText('after', recipeHelp)
  .action(async (path: string, options: CompressCommandOptions) =>
    (await import('./compress')).compressCommand(path, options, controller.signal),
  );

program
  .command('evaluate')
  .description('runs two models on the same data and compares accuracy, fidelity and latency')
  .argument('<original>', 'an .onnx file')
  .argument('[compressed]', 'an .onnx file made from it; without it, the accuracy of the original alone')
  .option('--data <file>', `samples and labels (${listedDataExtensions()}); without it, inputs are generated`)
  .option(...SHAPE)
  .option('--samples <count>', 'at most so many samples of the data, or so many that are made up', countFrom(1))
  .option('--batch <count>', 'samples per run, of the latency too', countFrom(1))
  .option('--runs <count>', 'timed runs of each model; 0 measures no latency', countFrom(0))
  .option(
    '--output <name=kind>',
    'what an output is: choices, map, boxes, embedding, signal, state, numbers, or none to leave it out; once for each',
    collected,
  )
  .option('--per-class', 'also the accuracy of each class')
  .option(...OPEN_LIMIT)
  .option('--json', 'print JSON')
  .action(async (original: string, compressed: string | undefined, options) =>
    (await import('./evaluate')).evaluateCommand(original, compressed, options, controller.signal),
  );

program
  .command('sensitivity')
  .description('measures what the answer of a model loses when single layers are compressed')
  .argument('<model>', 'an .onnx file; its data files are found beside it')
  .option(...DATA)
  .option(...OTHER_SAMPLES)
  .option('--methods <names>', 'methods or their variants, as in svd,"quantize, GPTQ"; else rank, zeros and codes')
  .option('--levels <shares>', 'shares of the dense bytes, as in .5,.25 or 50%,25%')
  .option('--samples <count>', 'so many samples; else as many as the differences need', countFrom(1))
  .option('--csv <file>', 'also writes a table of all cells')
  .option(...SHAPE)
  .option(...OPEN_LIMIT)
  .option('--json', 'print JSON')
  .action(async (path: string, options) =>
    (await import('./sensitivity')).sensitivityCommand(path, options, controller.signal),
  );

program
  .command('search')
  .description('searches for the recipe that meets a goal best, and writes the smaller model')
  .argument('<model>', 'an .onnx file; its data files are found beside it')
  .option(...DATA)
  .option(...OTHER_SAMPLES)
  .option('--size <share>', "at most this share of the original's bytes, as in .1 or 10%")
  .option('--bytes <number>', 'at most so many bytes, as in 4MB')
  .option('--loss <share>', 'at most this loss of the metric, as in .01 for one point; alone: as small as possible')
  .option('--latency <share>', "at most this share of the original's latency on this machine")
  .option('--methods <names>', 'only these methods, as in svd,quantize')
  .option('--minutes <number>', 'ends after so long, with the best that was found')
  .option('--seed <number>', 'for what is drawn at random')
  .option('--out <file>', 'the .onnx file to write (needed)')
  .option('--recipe <file>', 'also writes the recipe, JSON')
  .option(...SHAPE)
  .option(...OPEN_LIMIT)
  .option('--json', 'print JSON')
  .action(async (path: string, options) => (await import('./search')).searchCommand(path, options, controller.signal));

for (const command of program.commands) command.allowExcessArguments(false);

// Dawn keeps the event loop alive as long as a device exists, so the process must be ended; what it has printed goes
// out first.
function exit(code: number): void {
  stdout.write('', (error) => {
    if (code === 0 && error) unprinted(stdout.errored ?? error);
    else stderr.write('', () => process.exit(code));
  });
}

/** Standard output takes no more. A reader that has seen enough, as `head` has, closes it: then nothing is wrong. */
function unprinted(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  stderr.write(`carrara: ${sentence(error, 'The report', 'written')}\n`);
  process.exit(1);
}

function fail(error: unknown): void {
  if (error instanceof CommanderError && error.exitCode === 0) exit(0);
  else if (isAbort(error)) {
    stderr.write('carrara: Cancelled: nothing was written.\n');
    exit(CANCELLED);
  } else {
    stderr.write(`carrara: ${error instanceof CommanderError ? usage(error) : oneLine(messageOf(error))}\n`);
    exit(1);
  }
}

function usage(error: CommanderError): string {
  // `help` of a command that there is not.
  if (error.code === 'commander.help') return unknown(program.args[1] ?? '');
  const said = oneLine(messageOf(error)).replace(/ \(Did you mean (.+)\?\)$/, '; did you mean $1?');
  return USAGE.includes(error.code) && !said.endsWith('?')
    ? `${said.replace(/\.$/, '')}; --help explains the command.`
    : said;
}

process.on('uncaughtException', fail);
try {
  await program.parseAsync();
  exit(0);
} catch (error) {
  fail(error);
}

function oneLine(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim();
}
