import type { NodeProto, TensorProto, ValueInfoProto } from 'onnx-buf';
import type { ElementType } from '../runtime';
import { storedForms } from './forms';
import { type WholeNumbers, wholeNumbersIn } from './inputUses';
import { type Layer, layersIn } from './layers';
import { type Model, opsetOf, storedBytes } from './model';
import { otherParameters } from './others';
import { parametersOf } from './parameters';
import type { LayerReport, ModelReport, ValueReport } from './report';
import { scopeOf, scopesIn } from './scopes';
import { bytesOf, dtypeName } from './tensors';

/** Describes a model and its layers in plain numbers. */
export function inspect(model: Model): ModelReport {
  const { main } = layersIn(model);
  const { layers, tensors } = listed(model);
  const parameters = parametersOf(model);
  return {
    name: model.name,
    opset: opsetOf(model),
    producer: [model.proto.producerName, model.proto.producerVersion].filter(Boolean).join(' '),
    bytes: storedBytes(model),
    parameters: [...parameters.values()].reduce((sum, count) => sum + count, 0),
    layers,
    others: otherParameters(model, main, parameters, tensors),
    inputs: declaredInputs(model).map(valueReport),
    outputs: model.graph.output.map(valueReport),
  };
}

/**
 * The layers in the order of the graph, and the tensors that store them. Layers that were compressed earlier are listed
 * in their present form.
 */
function listed(model: Model): { layers: LayerReport[]; tensors: Set<TensorProto> } {
  const { main, layers } = layersIn(model);
  const forms = storedForms(model);
  const formOf = new Map(forms.flatMap((form) => form.tensors.map((tensor) => [tensor, form] as const)));
  const order = new Map<string | NodeProto, number>();
  const readers = new Map<string, NodeProto>();
  for (const { graph } of scopesIn(main)) {
    for (const node of graph.node) {
      order.set(node, order.size).set(node.name, order.size);
      for (const name of node.input) readers.set(name, node);
    }
  }
  // Factors and weights in half precision are layers like others. All other tensors of a form are listed as one layer.
  const kept = layers.filter(({ tensor, uses }) => !formOf.has(tensor) || uses.some(({ role }) => role));
  const rows = kept.map((layer) => ({ at: order.get(layer.uses[0]!.node)!, report: layerReport(layer) }));
  for (const form of forms) {
    // A layer whose node has no name has the name of its weight.
    const at = order.get(form.name) ?? order.get(readers.get(form.tensors.at(-1)?.name ?? '') ?? '');
    const factors = kept.filter(({ tensor }) => formOf.get(tensor) === form);
    if (factors.length < form.tensors.length) rows.push({ at: at ?? order.size, report: formReport(form, factors) });
  }
  return {
    layers: rows.sort((a, b) => a.at - b.at).map(({ report }) => report),
    tensors: new Set([...kept.map(({ tensor }) => tensor), ...formOf.keys()]),
  };
}

/** A compressed layer, without those of its factors that are layers of their own. */
function formReport(
  { id, name, op, form, shape, parameters, tensors }: ReturnType<typeof storedForms>[number],
  factors: readonly Layer[],
): LayerReport {
  const rest = tensors.filter((tensor) => !factors.some((factor) => factor.tensor === tensor));
  return {
    id,
    name,
    weight: id,
    op,
    shape,
    parameters: factors.reduce((sum, factor) => sum - factor.parameters, parameters),
    bytes: rest.reduce((sum, tensor) => sum + bytesOf(tensor), 0),
    dtype: dtypeName(rest[0]!.dataType),
    compressible: false,
    stored: form,
    reason: `already compressed: ${form}${factors.length > 0 ? ', but for the factors listed' : ''}`,
    consumers: [name],
  };
}

export function layerReport(layer: Layer): LayerReport {
  const { id, name, weight, op, shape, parameters, bytes, dtype, compressible, reason, quantised, uses } = layer;
  return {
    id,
    name,
    weight,
    op,
    shape,
    parameters,
    bytes,
    dtype,
    compressible,
    ...(reason !== undefined && { reason }),
    ...(quantised !== undefined && { stored: quantised }),
    ...(uses.some(({ role }) => role?.kind === 'conv' && role.groups !== 1) && { grouped: true as const }),
    consumers: uses.map(({ node }) => node.name || node.output[0] || node.opType),
  };
}

/** Inputs that a caller feeds: an initializer that is also listed as an input has its value already. */
function declaredInputs({ graph }: Model): ValueInfoProto[] {
  const stored = new Set(graph.initializer.map(({ name }) => name));
  return graph.input.filter(({ name }) => !stored.has(name));
}

function valueReport({ name, type }: ValueInfoProto): ValueReport {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  return {
    name,
    type: dtypeName(tensor?.elemType ?? 0),
    shape: (tensor?.shape?.dim ?? []).map(({ value }, axis) =>
      // A size of 0 is one; exporters write open ones as −1.
      value.case === 'dimValue' && value.value >= 0n
        ? Number(value.value)
        : value.case === 'dimParam' && value.value !== ''
          ? value.value
          : // Exporters leave dimensions empty; a name for each keeps them apart.
            `${name}.${axis}`,
    ),
  };
}

/** What a session wants to be fed: type and shape of each input, and what the graph does with its whole numbers. */
export function inputSpecs(
  model: Model,
): ({ name: string; type: ElementType; shape: readonly (number | string)[]; unranked?: boolean } & WholeNumbers)[] {
  const wholeNumbers = wholeNumbersIn(scopeOf(model));
  return declaredInputs(model).map((input) => {
    const { name, type, shape } = valueReport(input);
    const declared = input.type?.value.case !== 'tensorType' || input.type.value.value.shape !== undefined;
    return {
      name,
      type: type as ElementType,
      shape,
      ...(!declared && { unranked: true }),
      ...wholeNumbers.get(name),
    };
  });
}
