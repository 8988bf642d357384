import * as Comlink from 'comlink';
import { afterAll, expect, it, vi } from 'vitest';

const ports: MessagePort[] = [];
/** A worker whose engine answers `ping`, and hangs in `start`. */
class FakeWorker {
  constructor() {
    const { port1, port2 } = new MessageChannel();
    Comlink.expose({ ping: () => 'here', start: () => new Promise(() => undefined) }, port2 as Comlink.Endpoint);
    ports.push(port1, port2);
    // biome-ignore lint/correctness/noConstructorReturn: a port does all else that a worker does
    return Object.assign(port1, { terminate: () => undefined });
  }
}
vi.stubGlobal('Worker', FakeWorker);
const { engine, isCancelled, replaceEngine, whenEngineDies } = await import('./engine');
afterAll(() => {
  for (const port of ports) port.close();
});

it('Calls under way end as if they were cancelled when the engine is replaced; the new one answers', async () => {
  const hanging = engine.start();
  expect(await engine.ping()).toBe('here');
  replaceEngine();
  expect(isCancelled(await hanging.catch((error) => error))).toBe(true);
  expect(await engine.ping()).toBe('here');
});

it('Calls to an engine that died say so, those that were under way and later ones', async () => {
  const died = vi.fn();
  whenEngineDies(died);
  const hanging = engine.start();
  ports.at(-2)!.dispatchEvent(Object.assign(new Event('error'), { message: 'out of memory' }));
  expect(died).toHaveBeenCalledWith('out of memory');
  await expect(hanging).rejects.toThrow('The engine stopped (out of memory)');
  await expect(engine.ping()).rejects.toThrow('The engine stopped (out of memory)');
});
