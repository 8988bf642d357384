// ONNX's own models, at least one for every operator: Debian packages them as libonnx-testdata.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = '/usr/share/libonnx-testdata/data';

const isDebian = () => process.platform === 'linux' && existsSync('/etc/debian_version');

/** Whether the package is installed or can be installed. In CI, tests must fail without it instead of being skipped. */
export const mustBeHere = () => Boolean(process.env.CI) && isDebian();

/** Installs the package on Debian as root. Prints a message if it is still missing. */
export function installOperatorModels() {
  if (existsSync(FOLDER)) return;
  const attempt = (...args) => spawnSync('apt-get', args, { stdio: 'ignore' }).status === 0;
  if (isDebian() && process.getuid?.() === 0) {
    const install = () => attempt('install', '-y', 'libonnx-testdata');
    if (install() || (attempt('update') && install())) return;
  }
  console.log(
    "ONNX's operator models are not here, so they are not tested: Debian's package libonnx-testdata has them.",
  );
}

/** The paths of the models; none where the package is not installed. */
export function operatorModels() {
  if (!existsSync(FOLDER)) return [];
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.onnx')).map((file) => join(FOLDER, file));
}
