import { FASHION_CLASSES } from './fashionData';
import { FASHION_LAYERS } from './fashionNetwork';

export interface FashionFacts {
  readonly seed: number;
  readonly epochs: number;
  readonly batch: number;
  readonly rate: number;
  readonly weightDecay: number;
  readonly parameters: number;
  readonly bytes: number;
  /** Top-1 (0…1) on the whole test set, and on the bundled part of it. */
  readonly all: number;
  readonly bundled: number;
}

/** An accuracy (0…1) to a hundredth of a per cent: one of the 10,000 test pictures. */
export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** The sample's README: what it is, how it was made, how good it is, and whose data it was made from. */
export function fashionReadme(facts: FashionFacts): string {
  const { seed, epochs, batch, rate, weightDecay, parameters, bytes, all, bundled } = facts;
  const count = (value: number) => value.toLocaleString('en');
  const rows = FASHION_LAYERS.map(
    ({ node, weight, output }) =>
      `| \`${node}\` | ${weight.join(' × ')} | ${count(weight.reduce((product, size) => product * size, 1))} | ${output} |`,
  );
  return `# Fashion-MNIST classifier

A small convolutional network that sorts 28 × 28 grey pictures of clothes into ten classes. Most of its
${count(parameters)} parameters are in dense layers, as in many classifiers of its kind, and most of those are not needed.

| file | what it holds |
|---|---|
| \`model.onnx\` | the network, opset 17, float32, ${count(bytes)} bytes |
| \`test.npz\` | \`image\` uint8 [2000, 1, 28, 28] and \`labels\` int64 [2000]: the first 2,000 pictures of the test set |
| \`calibration.npz\` | \`image\` uint8 [256, 1, 28, 28]: pictures of the training set, drawn at random, without labels |

Input \`image\`: float32 [n, 1, 28, 28], grey values 0…255, light clothes on black; the model scales them itself. Output
\`logits\`: float32 [n, 10], in the order ${FASHION_CLASSES.join(', ')}.

## Accuracy

| measured with onnxruntime on | top-1 |
|---|---|
| all 10,000 test pictures | ${percent(all)} |
| the 2,000 in \`test.npz\` | ${percent(bundled)} |

## Layers

| node | weight as stored | weights | output |
|---|---|---|---|
${rows.join('\n')}

Every layer but the last is followed by a ReLU; biases come on top. The weight of \`fc2\` is stored [in, out], those of
\`fc1\` and \`fc3\` [out, in].

## How it was made

\`npm run samples\` trains it from nothing, on the 60,000 training pictures, each mirrored with probability ½: ${epochs} epochs,
batches of ${batch}, AdamW with a learning rate of ${rate} that rises over the first tenth of an epoch and then falls to 0 along
a cosine, weight decay ${weightDecay}, seed ${seed}. The settings were chosen on training pictures held back; the test set was
used only for the figures above. The training step is itself an ONNX graph that onnxruntime runs
(\`scripts/samples\`). Runs with the same seed differ only as far as the order of floating-point sums does from
processor to processor.

## Provenance and licence

The weights were made by this project alone and are under its MIT licence. The pictures and labels are from
Fashion-MNIST (Han Xiao, Kashif Rasul, Roland Vollgraf, 2017; github.com/zalandoresearch/fashion-mnist), taken from the
Debian package \`dataset-fashion-mnist\`, and come under this licence:

> The MIT License (MIT). Copyright © 2017 Zalando SE, https://tech.zalando.com
>
> Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
> documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
> rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to
> permit persons to whom the Software is furnished to do so, subject to the following conditions:
>
> The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
> Software.
>
> THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
> WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
> COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
> OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;
}
