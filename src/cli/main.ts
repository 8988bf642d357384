import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { isAbort, messageOf } from '../engine/errors';
import { didYouMean } from '../engine/recipe/nearest';
import { type CompressCommandOptions, compressCommand } from './compress';
import { evaluateCommand } from './evaluate';
import { inspectCommand } from './inspect';
import { methodsCommand, recipeHelp } from './methods';

/** Faults of which Commander says what is wrong, but not what would be right. */
const USAGE = ['commander.missingArgument', 'commander.optionMissingArgument', 'commander.excessArguments'];

const controller = new AbortController();
process.once('SIGINT', () => controller.abort());

const program = new Command('carrara')
  .description('Compresses ONNX models: smaller weights, plain ONNX.')
  .version(version)
  .showSuggestionAfterError()
  .exitOverride()
  .configureOutput({ outputError: () => {} });

program.allowExcessArguments().action(() => {
  const [name] = program.args;
  const names = program.commands.map((command) => command.name());
  program.error(
    name === undefined
      ? `name a command: there are ${names.join(', ')}; --help explains them.`
      : `unknown command '${name}'; ${didYouMean(name, names)}`,
  );
});

program
  .command('inspect')
  .description('lists the layers of a model and says which can be compressed')
  .argument('<model>', 'an .onnx file; its data files are found beside it')
  .option('--calibration <file>', "samples without labels (.npz): also list the outlier channels of each layer's input")
  .option('--json', 'print JSON')
  .action((path: string, options) => inspectCommand(path, options, controller.signal));

program
  .command('methods')
  .description('lists the methods of recipes, or tells the options of one')
  .argument('[name]', 'a method')
  .option('--json', 'print JSON')
  .action(methodsCommand);

program
  .command('compress')
  .description('runs a recipe on a model and writes a smaller one')
  .argument('<model>', 'an .onnx file; its data files are found beside it')
  .option('--recipe <file>', 'the recipe, JSON (needed)')
  .option('--out <file>', 'the .onnx file to write (needed)')
  .option('--backend <kind>', 'gpu (any WebGPU adapter), cpu, or auto: a real GPU, else the CPU', 'auto')
  .option(
    '--calibration <file>',
    "samples without labels (.npz): for methods that need data, and to report each layer's output error",
  )
  .option('--json', 'print JSON')
  .addHelpText('after', recipeHelp())
  .action((path: string, options: CompressCommandOptions) => compressCommand(path, options, controller.signal));

program
  .command('evaluate')
  .description('runs two models on the same data and compares accuracy, fidelity and latency')
  .argument('<original>', 'an .onnx file')
  .argument('<compressed>', 'an .onnx file made from it')
  .option('--data <file>', 'samples and labels (.npz); without it, inputs are generated')
  .option('--json', 'print JSON')
  .action((original: string, compressed: string, options) =>
    evaluateCommand(original, compressed, options, controller.signal),
  );

for (const command of program.commands) command.allowExcessArguments(false);

try {
  await program.parseAsync();
  // Dawn keeps the event loop alive as long as a device exists.
  process.exit(0);
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exit(0);
  const message = isAbort(error) ? 'Cancelled: nothing was written.' : oneLine(messageOf(error));
  const usage = error instanceof CommanderError && USAGE.includes(error.code) ? '; --help explains the command.' : '';
  process.stderr.write(`carrara: ${message}${usage}\n`);
  process.exit(1);
}

function oneLine(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim();
}
