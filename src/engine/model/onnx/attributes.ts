import type { AttributeProto, GraphProto, NodeProto } from 'onnx-buf';

/** Reading a node's attributes; each falls back to the operator's default, which the caller names. */

export const attributeOf = (node: NodeProto, name: string): AttributeProto | undefined =>
  node.attribute.find((attribute) => attribute.name === name);

export const intOf = (node: NodeProto, name: string, fallback: number): number => {
  const found = attributeOf(node, name);
  return found ? Number(found.i) : fallback;
};

export const floatOf = (node: NodeProto, name: string, fallback: number): number =>
  attributeOf(node, name)?.f ?? fallback;

export const intsOf = (node: NodeProto, name: string): number[] | undefined =>
  attributeOf(node, name)?.ints.map(Number);

/** The graphs inside a node (`If`, `Loop`, `Scan`), each with the attribute that holds it. */
export function subgraphsOf(node: NodeProto): { readonly key: string; readonly graph: GraphProto }[] {
  return node.attribute.flatMap((attribute) => [
    ...(attribute.g ? [{ key: attribute.name, graph: attribute.g }] : []),
    ...attribute.graphs.map((graph, i) => ({ key: `${attribute.name}.${i}`, graph })),
  ]);
}
