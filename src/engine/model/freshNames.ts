import type { NodeProto } from 'onnx-buf';
import type { Model } from './model';
import { type Scope, scopesIn } from './scopes';

/** Gives names that no value and no node of a model has. Each name is given once. */
export class FreshNames {
  readonly #taken: Set<string>;
  /** The last number behind each wanted name: thousands of nodes may have the same one. */
  readonly #numbers = new Map<string, number>();
  #shortNames = 0;

  constructor(model: Model, main: Scope) {
    this.#taken = namesIn(model, main);
  }

  /** `wanted`, or `wanted` with the first free number behind it. */
  fresh(wanted: string): string {
    let name = wanted;
    let number = this.#numbers.get(wanted) ?? 0;
    while (this.#taken.has(name)) name = `${wanted}_${++number}`;
    if (number > 0) this.#numbers.set(wanted, number);
    this.#taken.add(name);
    return name;
  }

  /** A name of few characters. */
  short(): string {
    let name: string;
    do name = (this.#shortNames++).toString(36);
    while (this.#taken.has(name));
    this.#taken.add(name);
    return name;
  }
}

/**
 * Every name in the model, in use or not. A value that was removed earlier leaves its name in value_info or
 * quantization_annotation, and readers would take a new value of that name for the old one.
 */
function namesIn({ proto }: Model, main: Scope): Set<string> {
  const names = new Set<string>();
  for (const { graph } of scopesIn(main)) {
    for (const { name } of [...graph.input, ...graph.output, ...graph.initializer, ...graph.valueInfo]) names.add(name);
    for (const { values } of graph.sparseInitializer) names.add(values?.name ?? '');
    for (const { tensorName, quantParameterTensorNames } of graph.quantizationAnnotation) {
      names.add(tensorName);
      for (const { value } of quantParameterTensorNames) names.add(value);
    }
    addNodes(graph.node);
  }
  for (const { input, output, node, valueInfo } of proto.functions) {
    for (const name of [...input, ...output]) names.add(name);
    for (const { name } of valueInfo) names.add(name);
    addNodes(node);
  }
  for (const { initializationBinding, updateBinding } of proto.trainingInfo) {
    for (const { key, value } of [...initializationBinding, ...updateBinding]) names.add(key).add(value);
  }
  return names;

  function addNodes(nodes: readonly NodeProto[]): void {
    for (const node of nodes) {
      names.add(node.name);
      for (const name of [...node.input, ...node.output]) names.add(name);
    }
  }
}
