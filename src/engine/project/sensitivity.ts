// Sensitivity of the layers. Like `recipes.ts` it is loaded when it is first needed.

import type { LongCall } from '../core/progress';
import { hashDataset, hashLabels } from '../evaluation/hashDataset';
import { enoughSamples, take } from '../evaluation/samples';
import { hashModel } from '../model/hashModel';
import { layersIn } from '../model/layers';
import { OriginalAnswers } from '../sensitivity/originalAnswers';
import type { KeptSensitivity, SensitivityCell, SensitivityReport, SensitivityRequest } from '../sensitivity/report';
import { cellKey, sweep } from '../sensitivity/sweep';
import type { Tools } from './context';
import { measuredOn } from './measuredOn';
import type { OpenedModel } from './openedModel';

/** In how many runs the samples are taken, at least: the first one tells how a layer's part of the model rounds. */
const PARTS = 8;

/**
 * Measures the layers of the open model, on the open data or on generated inputs. Cells that were measured before on the
 * same samples are taken over; `keep` is given what is known when the sweep ends or is stopped.
 */
export async function measureSensitivity(
  opened: OpenedModel,
  request: SensitivityRequest,
  { runtime, factorisations }: Tools,
  before: KeptSensitivity | undefined,
  keep: (kept: KeptSensitivity) => void,
  onReport: (report: SensitivityReport) => void,
  call: LongCall,
): Promise<SensitivityReport> {
  const provider = runtime.providers[0]!;
  const { model } = opened;
  const { dataset: all, samplesOf, calibration } = await measuredOn(opened, provider, call);
  const given = layersIn(model);
  const dataset = take(all, request.samples ?? enoughSamples(all.labels));
  const key = JSON.stringify([
    hashDataset(dataset),
    dataset.labels && hashLabels(dataset.labels),
    calibration && hashDataset(calibration.dataset),
    provider,
  ]);
  const cells = before?.key === key ? before.cells : [];
  const known = new Map(cells.map((cell): [string, SensitivityCell] => [cellKey(cell), cell]));
  await calibration?.collect(
    model,
    given.main,
    given.layers.filter(({ compressible }) => compressible),
    call,
  );
  const answers = await OriginalAnswers.open(model, dataset, { runtime, provider, parts: PARTS }, call);
  let last: SensitivityReport | undefined;
  try {
    return await sweep(
      request,
      {
        ...call,
        given,
        factorisations,
        calibration,
        runtime,
        provider,
        answers,
        about: {
          model: await hashModel(model, call.signal),
          data: dataset.name,
          generated: dataset.generated,
          samples: dataset.samples,
          samplesOf,
          provider,
          measure: answers.measure,
          ...(dataset.labels && { metric: answers.metric }),
        },
        known,
        blocks: before?.key === key ? [...before.report.blocks] : [],
      },
      (report) => {
        last = report;
        onReport(report);
      },
    );
  } finally {
    if (last) keep({ key, request, report: last, cells: [...known.values()] });
  }
}
