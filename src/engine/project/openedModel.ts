import type { ProposalSearch } from '../allocation/proposalSearch';
import { whyUnseen } from '../calibration/consumers';
import type { ByteSource } from '../core/bytes';
import { UserError } from '../core/errors';
import type { Dataset } from '../evaluation/dataset';
import { KeptLatency } from '../evaluation/keptLatency';
import { OutputCache } from '../evaluation/outputCache';
import type { Factorisations } from '../methods/factorisations';
import { inspect } from '../model/inspect';
import { type Layer, layersIn } from '../model/layers';
import type { Model } from '../model/model';
import { isInFile, SELF } from '../model/onnx/structure';
import type { Operator } from '../operators/operator';
import type { Compressed } from '../recipe/finishedRun';
import type { Runtime } from '../runtime';
import type { KeptSensitivity } from '../sensitivity/report';
import type { ModelReport } from './engine';
import { type MadeUp, OpenData } from './openData';
import { OriginalSession } from './originalSession';

/** A finished run: the recipe as it was given, and what it made. */
export interface Run extends Compressed {
  readonly recipe: unknown;
}

/** A search for proposals and what it was begun for: other data begin another one, as does another backend. */
export interface KeptSearch {
  readonly data: Dataset;
  readonly factorisations: Factorisations;
  readonly search: ProposalSearch;
}

/** An open model with all that belongs to it. Another model that opens replaces it as a whole. */
export class OpenedModel {
  readonly report: ModelReport;
  /** Those of the main graph and of the graphs inside it, by id. */
  readonly layers: ReadonlyMap<string, Layer>;
  readonly data: OpenData;
  readonly original: OriginalSession;
  readonly originalOutputs = new OutputCache();
  readonly originalLatency = new KeptLatency();
  readonly runs = new Map<number, Run>();
  /** What the latest trial made of its layer; `key` names the layer and the steps. */
  tried: { readonly key: string; readonly operator: Operator } | undefined;
  /** The search for proposals, so that it goes on where it gave way to other work. */
  proposals: KeptSearch | undefined;
  /** What was measured of single layers. */
  sensitivity: KeptSensitivity | undefined;
  /** Removed runs keep their numbers, so that each exported file has a name of its own. */
  lastRun = 0;

  constructor(
    readonly model: Model,
    runtime: Runtime,
    madeUp: MadeUp = {},
  ) {
    const { main, layers } = layersIn(model);
    this.layers = new Map(layers.map((layer) => [layer.id, layer]));
    const report = inspect(model);
    // The page's plans say so before a step that needs data is tried.
    const withInputs = report.layers.map((one) => {
      const layer = this.layers.get(one.id);
      const noInput = layer?.compressible ? whyUnseen(layer, main) : undefined;
      return { ...one, ...(noInput !== undefined && { noInput }) };
    });
    this.report = { ...report, layers: withInputs };
    this.data = new OpenData(model, runtime, madeUp);
    this.original = new OriginalSession(model, runtime);
  }

  /** The model's own file under its name, then its data files, each under the location that the model gives. */
  get files(): ByteSource[] {
    const { name, sources } = this.model;
    return [...sources]
      .filter(([location]) => location === SELF || !isInFile(location))
      .map(([location, source]) => ({ ...source, name: location === SELF ? name : location }));
  }

  /** A layer that methods may change. */
  layer(id: string): Layer {
    const layer = this.layers.get(id);
    if (!layer?.compressible) throw new UserError(`Layer ${id} cannot be factorised.`);
    return layer;
  }

  run(number: number): Run {
    const found = this.runs.get(number);
    if (!found) throw new UserError(`Run ${number} is no longer there: compress again.`);
    return found;
  }
}
