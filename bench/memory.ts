// Peak memory and time of the command line on large models, written and verified: `npm run bench -- memory`. Each row is
// one run of the real command in processes of its own. Linux with GNU time (`apt-get install time`) measures the largest
// resident set of any of them; times are the report's own, and the processor time of all processes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BigModelOptions, writeBigModel } from '../scripts/bigModel';

const int4 = { layers: '*', method: 'quantize', options: { bits: 4 } };
// So few zeros that storing them sparse is no smaller: each layer is left as it is.
const nothing = { layers: '*', method: 'prune', options: { sparsity: 0.02 } };

interface Row {
  readonly what: string;
  readonly model: Omit<BigModelOptions, 'seed'>;
  readonly step: object;
  readonly aim?: string;
}

const large = { bytes: 0.44e9 };
const ROWS: readonly Row[] = [
  { what: 'int4 of 110 M weights in float32', model: large, step: int4 },
  { what: 'the same, for memory', model: large, step: int4, aim: 'memory' },
  { what: 'int4 of 45 M weights in float16', model: { bytes: 0.088e9, width: 512, half: true }, step: int4 },
  { what: 'nothing to do in 11 M weights', model: { bytes: 0.044e9, width: 256 }, step: nothing },
];

const TIME = '/usr/bin/time';
if (!existsSync(TIME)) throw new Error('This needs GNU time: apt-get install time.');

const folder = mkdtempSync(join(tmpdir(), 'carrara-memory-'));
try {
  const rows = [];
  for (const { what, model, step, aim = 'speed' } of ROWS) {
    const { model: path, data, parameters } = await writeBigModel(folder, model);
    const recipe = join(folder, 'recipe.json');
    writeFileSync(recipe, JSON.stringify({ version: 1, steps: [step], export: { aim } }));
    const command = ['compress', path, '--recipe', recipe, '--out', join(folder, 'out.onnx'), '--backend', 'cpu'];
    const node = [process.execPath, '--import', './scripts/register.mjs', 'src/cli/main.ts', ...command, '--json'];
    const { stdout, stderr, status } = spawnSync(TIME, ['-f', '%M %U %S', ...node], {
      encoding: 'utf8',
      maxBuffer: 1e9,
    });
    if (status !== 0) throw new Error(stderr);
    const { ms, verification, totalMs } = JSON.parse(stdout);
    const [kilobytes, user, system] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number) as [
      number,
      number,
      number,
    ];
    const row = {
      what,
      parameters,
      modelMB: round((statSync(path).size + statSync(data).size) / 1e6),
      peakMB: round((kilobytes * 1024) / 1e6),
      seconds: {
        compressing: round(ms / 1000),
        verifying: round(verification.ms / 1000),
        all: round(totalMs / 1000),
        processor: round(user + system),
      },
      verified: { by: verification.by, samples: verification.samples, layers: verification.layers },
    };
    rows.push(row);
    console.error(JSON.stringify(row));
  }
  const result = {
    command: 'npm run bench -- memory',
    machine: `${cpus().length} cores, ${cpus()[0]!.model}`,
    date: new Date().toISOString().slice(0, 10),
    rows,
  };
  writeFileSync('bench/results/memory.json', `${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
