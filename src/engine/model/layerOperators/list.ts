import { conv } from './conv';
import { convTranspose } from './convTranspose';
import { gather } from './gather';
import { gemm } from './gemm';
import type { LayerOperator } from './layerOperator';
import { matMul } from './matMul';

/** Every operator whose weights are layers. */
export const LAYER_OPERATORS: readonly LayerOperator[] = [matMul, gemm, conv, convTranspose, gather];
