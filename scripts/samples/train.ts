import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Random } from '../../src/engine/core/random';
import type { Network } from './network';
import { permutation } from './permutation';
import { ADAM, firstMoment, next, secondMoment, trainingStep } from './trainingStep';

/** Labelled pictures: `images` [n, height, width] as grey values, `labels` [n] as class ids. */
export interface Pictures {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

export interface TrainOptions {
  readonly epochs: number;
  /** Samples per step; the remainder of an epoch is left out. */
  readonly batch: number;
  /** Learning rate η: rises linearly over the first epoch's first tenth, then falls along half a cosine to 0. */
  readonly rate: number;
  /** λ of AdamW: a step shrinks the weights by η·λ. It keeps noise out of directions that the loss does not need. */
  readonly weightDecay: number;
  /** Intra-op threads. */
  readonly threads: number;
  readonly source: Random;
  onEpoch?(epoch: number, loss: number): void;
}

/** Fetched values are fed back, so that parameters and moments never pass through JavaScript. */
type State = Record<string, Tensor>;

/** Trains `network` on `data`, each picture mirrored with probability ½. Returns the network with its new parameters. */
export async function train(network: Network, data: Pictures, options: TrainOptions): Promise<Network> {
  const { epochs, batch, rate, weightDecay, threads, source, onEpoch } = options;
  const session = await InferenceSession.create(trainingStep(network, batch), { intraOpNumThreads: threads });
  const count = data.labels.length;
  const perEpoch = Math.floor(count / batch);
  const total = epochs * perEpoch;
  const warmUp = Math.ceil(perEpoch / 10);

  let state: State = {};
  for (const { name, dims, values } of network.parameters) {
    state[name] = new Tensor('float32', values, dims);
    for (const moment of [firstMoment(name), secondMoment(name)]) {
      state[moment] = new Tensor('float32', new Float32Array(values.length), dims);
    }
  }
  const fetches = ['loss', ...Object.keys(state).map(next)];

  let step = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = permutation(count, source);
    let lossSum = 0;
    for (let start = 0; start + batch <= count; start += batch) {
      step++;
      const eta = rate * Math.min(step / warmUp, 0.5 + 0.5 * Math.cos((Math.PI * step) / total));
      const correction = Math.sqrt(1 - ADAM.beta2 ** step) / (1 - ADAM.beta1 ** step);
      const outputs = await session.run(
        {
          ...feeds(network, data, order.subarray(start, start + batch), source),
          rate: new Tensor('float32', Float32Array.of(eta * correction), []),
          decay: new Tensor('float32', Float32Array.of(eta * weightDecay), []),
          ...state,
        },
        fetches,
      );
      lossSum += (outputs.loss.data as Float32Array)[0];
      state = Object.fromEntries(Object.keys(state).map((name) => [name, outputs[next(name)] as Tensor]));
    }
    onEpoch?.(epoch, lossSum / perEpoch);
  }
  await session.release();
  return {
    ...network,
    parameters: network.parameters.map((parameter) => ({
      ...parameter,
      values: Float32Array.from(state[parameter.name].data as Float32Array),
    })),
  };
}

/** A batch: raw grey values as floats, some pictures mirrored, and one-hot rows for the labels. */
function feeds({ input, output }: Network, data: Pictures, picked: Uint32Array, source: Random): State {
  const { images, labels, height, width } = data;
  const size = height * width;
  const pixels = new Float32Array(picked.length * size);
  const targets = new Float32Array(picked.length * output.classes);
  picked.forEach((sample, row) => {
    const mirrored = source.uniform() < 0.5;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        pixels[row * size + y * width + x] = images[sample * size + y * width + (mirrored ? width - 1 - x : x)];
      }
    }
    targets[row * output.classes + labels[sample]] = 1;
  });
  return {
    [input.name]: new Tensor('float32', pixels, [picked.length, ...input.dims]),
    targets: new Tensor('float32', targets, [picked.length, output.classes]),
  };
}
