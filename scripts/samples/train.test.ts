import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { seeded } from '../../src/engine/core/random';
import { accuracy } from './accuracy';
import { fashionNetwork } from './fashionNetwork';
import { countParameters, networkBytes } from './network';
import { permutation } from './permutation';
import { type Pictures, train } from './train';
import { ADAM, firstMoment, next, secondMoment, trainingStep } from './trainingStep';

const BATCH = 4;
const numbers = (tensor: Tensor) => tensor.data as Float32Array;

/** A session of the training step and feeds for it, every value of them in reach of a test. */
async function open() {
  const source = seeded(3);
  const network = fashionNetwork(73, 90, source);
  const session = await InferenceSession.create(trainingStep(network, BATCH), { intraOpNumThreads: 2 });
  const feeds: Record<string, Tensor> = {
    image: new Tensor(
      'float32',
      Float32Array.from({ length: BATCH * 784 }, () => source.below(256)),
      [BATCH, 1, 28, 28],
    ),
    targets: new Tensor('float32', new Float32Array(BATCH * 10), [BATCH, 10]),
    rate: new Tensor('float32', Float32Array.of(0.01), []),
    decay: new Tensor('float32', Float32Array.of(0.02), []),
  };
  for (let row = 0; row < BATCH; row++) numbers(feeds.targets)[row * 10 + ((3 * row) % 10)] = 1;
  for (const { name, dims, values } of network.parameters) {
    feeds[name] = new Tensor('float32', values.slice(), dims);
    feeds[firstMoment(name)] = new Tensor('float32', new Float32Array(values.length), dims);
    feeds[secondMoment(name)] = new Tensor('float32', new Float32Array(values.length), dims);
  }
  return { network, session, feeds };
}

test('the gradient of each parameter is the slope of the loss along it', async () => {
  const { network, session, feeds } = await open();
  const outputs = await session.run(feeds);
  const lossAt = async () => numbers((await session.run(feeds, ['loss'])).loss)[0];
  for (const { name } of network.parameters) {
    // With the moments at 0 the new first moment is (1 − β₁)·g.
    const g = numbers(outputs[next(firstMoment(name))]).map((value) => value / (1 - ADAM.beta1));
    const norm = Math.sqrt(g.reduce((sum, value) => sum + value * value, 0));
    const kept = numbers(feeds[name]).slice();
    // Along g/‖g‖ the slope is ‖g‖. The step moves the loss by about 0.02: a thousand times float32's rounding of it,
    // and short enough for curvature and for the few ReLUs that switch within it to stay below a percent.
    const step = 0.01 / norm;
    const move = async (sign: number) => {
      numbers(feeds[name]).set(kept.map((value, index) => value + (sign * step * g[index]) / norm));
      return lossAt();
    };
    const slope = ((await move(1)) - (await move(-1))) / (2 * step);
    numbers(feeds[name]).set(kept);
    expect(Math.abs(slope / norm - 1), name).toBeLessThan(0.02);
  }
  await session.release();
});

test('a step is AdamW', async () => {
  const { network, session, feeds } = await open();
  const { name } = network.parameters.at(-2)!;
  const { name: bias } = network.parameters.at(-1)!;
  const source = seeded(5);
  for (const parameter of [name, bias]) {
    for (const state of [parameter, firstMoment(parameter)]) {
      numbers(feeds[state]).set(numbers(feeds[state]).map(() => source.normal()));
    }
    numbers(feeds[secondMoment(parameter)]).set(numbers(feeds[secondMoment(parameter)]).map(() => source.uniform()));
  }
  const outputs = await session.run(feeds);
  for (const [parameter, decay] of [
    [name, 0.02],
    [bias, 0],
  ] as const) {
    const [theta, m, v] = [parameter, firstMoment(parameter), secondMoment(parameter)].map((key) =>
      numbers(feeds[key]),
    );
    const after = [parameter, firstMoment(parameter), secondMoment(parameter)].map((key) =>
      numbers(outputs[next(key)]),
    );
    for (let index = 0; index < theta.length; index++) {
      const g = (after[1][index] - ADAM.beta1 * m[index]) / (1 - ADAM.beta1);
      const newV = ADAM.beta2 * v[index] + (1 - ADAM.beta2) * g * g;
      const newTheta = theta[index] * (1 - decay) - (0.01 * after[1][index]) / (Math.sqrt(newV) + ADAM.epsilon);
      // g is recovered from a difference of numbers near 1 and divided by 0.1: some 1e−6 of float32 rounding.
      expect(Math.abs(after[2][index] - newV)).toBeLessThan(1e-5);
      expect(Math.abs(after[0][index] - newTheta)).toBeLessThan(1e-5);
    }
  }
  await session.release();
});

/** Bars: upright ones are class 0, lying ones class 1; mirroring keeps the class. */
function bars(count: number): Pictures {
  const source = seeded(11);
  const labels = Uint8Array.from({ length: count }, (_, index) => index % 2);
  const images = new Uint8Array(count * 784);
  labels.forEach((label, sample) => {
    const at = source.below(28);
    for (let i = 0; i < 28; i++) images[sample * 784 + (label ? at * 28 + i : i * 28 + at)] = 255;
  });
  return { images, labels, height: 28, width: 28 };
}

test('training learns, the same way each time, and the file it makes tells what it learned', async () => {
  const data = bars(160);
  const run = async () => {
    const source = seeded(1);
    const losses: number[] = [];
    const trained = await train(fashionNetwork(9, 47, source), data, {
      epochs: 3,
      batch: 16,
      rate: 0.001,
      weightDecay: 0.1,
      threads: 1,
      source,
      onEpoch: (_, loss) => losses.push(loss),
    });
    return { trained, losses };
  };
  const { trained, losses } = await run();
  expect(losses).toHaveLength(3);
  expect(losses[2]).toBeLessThan(losses[0] / 10);
  expect(await accuracy(networkBytes(trained, '', {}), data, 2)).toBe(1);
  expect((await run()).losses).toEqual(losses);
  expect(countParameters(trained)).toBe(1_147_010);
});

test('a permutation holds each number once, and another seed gives another one', () => {
  const order = permutation(1000, seeded(1));
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  expect(permutation(1000, seeded(1))).toEqual(order);
  expect(permutation(1000, seeded(2))).not.toEqual(order);
});

test('normal numbers have mean 0 and variance 1', () => {
  const source = seeded(1);
  const values = Array.from({ length: 20_000 }, () => source.normal());
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  // Four standard errors: 4/√20000 for the mean, 4·√(2/20000) for the variance.
  expect(Math.abs(mean)).toBeLessThan(0.029);
  expect(Math.abs(variance - 1)).toBeLessThan(0.04);
});
