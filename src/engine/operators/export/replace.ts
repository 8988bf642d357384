import { type StoredForm, withStoredForms } from '../../model/forms';
import type { Layer } from '../../model/layers';
import type { Model } from '../../model/model';
import { Rewrite } from '../../model/rewrite';
import type { Scope } from '../../model/scopes';
import type { Operator } from '../operator';
import { DEFAULT_EXPORT, type ExportChoice } from './choice';
import { ConstantStore } from './constants';
import { SubgraphWriter } from './subgraph';

/**
 * The model with the weight of each layer replaced by its operator, in standard ONNX nodes of the model's own opset.
 * Values and nodes keep their names. The old model is not changed.
 */
export async function replaceWeights(
  model: Model,
  main: Scope,
  operators: ReadonlyMap<Layer, Operator>,
  { signal, choice = DEFAULT_EXPORT }: { signal?: AbortSignal | undefined; choice?: ExportChoice } = {},
): Promise<Model> {
  const rewrite = new Rewrite(model, main);
  const shared = new Map<string, string>();
  const forms: StoredForm[] = [];
  for (const [layer, operator] of operators) {
    signal?.throwIfAborted();
    const store = new ConstantStore(rewrite, layer, shared, main);
    for (const use of layer.uses) {
      rewrite.replace(use.node, new SubgraphWriter(rewrite, layer, use, store, choice).writeAll(operator));
    }
    await store.fill();
    rewrite.dropWeight(layer);
    const { id, name, op, shape } = layer;
    forms.push({ id, name, op, shape, form: operator.form, parameters: operator.parameters, tensors: store.names });
  }
  const changed = rewrite.finish();
  return forms.length > 0 ? withStoredForms(changed, forms) : changed;
}
