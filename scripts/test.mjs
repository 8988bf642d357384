// `npm test` runs every test; `npm test -- unit|gpu|dawn|e2e [arguments of vitest or playwright]`
// runs some of them; "dawn" runs the GPU tests of the engine in Node, and only when it is named. Ends with the line "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dawnEnvironment, getBrowser, launchOptions } from './browser.mjs';
import { installOperatorModels } from './operatorModels.mjs';

const root = dirname(import.meta.dirname);
const SUITES = ['unit', 'gpu', 'e2e'];
const PROJECT = { unit: 'node', gpu: 'gpu', dawn: 'dawn' };
const CHOICES = [...SUITES, 'dawn'];

const named = process.argv.slice(2).filter((argument) => CHOICES.includes(argument));
const extra = process.argv.slice(2).filter((argument) => !CHOICES.includes(argument));
const suites = named.length > 0 ? named : SUITES;
const results = mkdtempSync(join(tmpdir(), 'carrara-tests-'));
const total = { passed: 0, failed: 0, skipped: 0 };

function node(script, args, environment = {}) {
  const options = { cwd: root, stdio: 'inherit', env: { ...process.env, ...environment } };
  return spawnSync(process.execPath, [script, ...args], options).status === 0;
}

const bin = (name, file) => join(root, 'node_modules', name, file);

// A crash, a file that does not load, or an error between tests fails a suite without failing a test. It counts as one
// failed test.
function add(suite, succeeded, { passed, failed, skipped }) {
  total.passed += passed;
  total.skipped += skipped;
  total.failed += failed;
  if (!succeeded && failed === 0) {
    console.error(`${suite}: failed outside its tests (see above).`);
    total.failed += 1;
  }
}

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined);

function vitest(suite) {
  const file = join(results, `${suite}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const succeeded = node(bin('vitest', 'vitest.mjs'), ['run', '--project', PROJECT[suite], ...reporters, ...extra]);
  const report = read(file);
  const unloaded = report?.testResults.filter(({ status, assertionResults }) => {
    return status === 'failed' && !assertionResults.some((test) => test.status === 'failed');
  });
  add(suite, succeeded, {
    passed: report?.numPassedTests ?? 0,
    failed: (report?.numFailedTests ?? 0) + (unloaded?.length ?? 0),
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  });
}

function e2e() {
  if (!node(bin('vite', 'bin/vite.js'), ['build', '--logLevel', 'warn'])) {
    add('e2e: vite build', false, { passed: 0, failed: 0, skipped: 0 });
    return;
  }
  const file = join(results, 'e2e.json');
  const environment = { PLAYWRIGHT_JSON_OUTPUT_NAME: file };
  const succeeded = node(bin('playwright', 'cli.js'), ['test', '--reporter=list,json', ...extra], environment);
  const stats = read(file)?.stats;
  add('e2e', succeeded, {
    passed: stats?.expected ?? 0,
    // A test that passes only when it is repeated has failed.
    failed: (stats?.unexpected ?? 0) + (stats?.flaky ?? 0),
    skipped: stats?.skipped ?? 0,
  });
}

try {
  if (suites.includes('unit')) installOperatorModels();
  const launch = await launchOptions(getBrowser());
  Object.assign(process.env, { CHROME_PATH: launch.executablePath }, dawnEnvironment(launch));
  console.log(`Browser: ${launch.executablePath} on ${launch.software ? 'the software adapter' : 'the GPU'}`);
  for (const suite of suites) suite === 'e2e' ? e2e() : vitest(suite);
  if (total.passed + total.failed === 0) {
    console.error('No test ran.');
    total.failed = 1;
  }
  if (total.skipped > 0) console.log(`${total.skipped} skipped`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
} catch (error) {
  console.error(error.message);
  total.failed += 1;
} finally {
  rmSync(results, { recursive: true, force: true });
}
process.exitCode = total.failed > 0 ? 1 : 0;
