import { inputSpecs } from '../model/inspect';
import type { Model } from '../model/model';
import type { HostTensor } from '../runtime';
import type { Dataset } from './dataset';

/** Data of one sample: what a run of the model is fed, all at once. */
export const oneSample = (model: Model, feeds: Readonly<Record<string, HostTensor>>): Dataset => ({
  name: 'feeds',
  samples: 1,
  generated: true,
  fields: inputSpecs(model).map((input) => {
    const feed = feeds[input.name]!;
    return { input, array: { ...feed, dims: [1, ...feed.dims] }, stacked: true };
  }),
});
