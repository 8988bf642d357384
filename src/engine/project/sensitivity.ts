// Sensitivity of the layers. Like `recipes.ts` it is loaded when it is first needed.

import type { LongCall } from '../core/progress';
import type { Dataset } from '../evaluation/dataset';
import { hashDataset, hashLabels } from '../evaluation/hashDataset';
import { chosenOf } from '../evaluation/samples';
import { layersIn } from '../model/layers';
import { OriginalAnswers } from '../sensitivity/originalAnswers';
import type { KeptSensitivity, SensitivityCell, SensitivityReport, SensitivityRequest } from '../sensitivity/report';
import { cellKey, sweep } from '../sensitivity/sweep';
import type { Tools } from './context';
import type { OpenedModel } from './openedModel';

/** As many positions as tell changes of some hundredths from noise, as for searches. */
const MOST_POSITIONS = 4096;
/** In how many runs the samples are taken, at least: the first one tells how a layer's part of the model rounds. */
const PARTS = 8;
const [LEAST_SAMPLES, MOST_SAMPLES] = [32, 256];

/**
 * Measures the layers of the open model, on the open data or on generated inputs. Cells that were measured before on the
 * same samples are taken over; `keep` is given what is known when the sweep ends or is stopped.
 */
export async function measureSensitivity(
  { model, data, original, report: { sha256 = '' } }: OpenedModel,
  request: SensitivityRequest,
  { runtime, factorisations }: Tools,
  before: KeptSensitivity | undefined,
  keep: (kept: KeptSensitivity) => void,
  onReport: (report: SensitivityReport) => void,
  call: LongCall,
): Promise<SensitivityReport> {
  const provider = runtime.providers[0]!;
  const all = await data.runnable(call, async (feeds) => (await original.on(provider, call)).run(feeds));
  // A single sample can't be split.
  const share = data.given && all.samples > 1 ? await data.share() : undefined;
  const given = layersIn(model);
  const dataset = samplesOf(share?.evaluation ?? all, request.samples);
  const key = JSON.stringify([
    hashDataset(dataset),
    dataset.labels && hashLabels(dataset.labels),
    share?.calibration && hashDataset(share.calibration.dataset),
    provider,
  ]);
  const cells = before?.key === key ? before.cells : [];
  const known = new Map(cells.map((cell): [string, SensitivityCell] => [cellKey(cell), cell]));
  await share?.calibration.collect(
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
        calibration: share?.calibration,
        runtime,
        provider,
        answers,
        about: {
          model: sha256,
          data: dataset.name,
          generated: dataset.generated,
          samples: dataset.samples,
          samplesOf: all.samples,
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

/** Samples spread evenly over the data, whose file is often sorted by class. */
function samplesOf(dataset: Dataset, asked: number | undefined): Dataset {
  const { samples, labels } = dataset;
  const enough = Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, Math.floor(MOST_POSITIONS / (labels?.perSample ?? 1))));
  const count = Math.min(samples, asked ?? enough);
  if (count === samples) return dataset;
  return chosenOf(
    dataset,
    Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * samples) / count)),
  );
}
