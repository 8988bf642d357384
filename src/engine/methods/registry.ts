import { half } from './half';
import type { Method } from './method';
import { svd } from './svd';

/** Every method, in the order in which they are offered. */
export const methods: readonly Method[] = [svd, half];

export function methodCalled(name: string): Method {
  const found = methods.find((method) => method.name === name);
  if (!found) throw new RangeError(`No method is called ${name}.`);
  return found;
}
