import type { OtherFormat } from '../format';
import { says, startsWith } from '../signatures';

/** Files that are no models, and that nothing here reads. */
export const DOCUMENTS: readonly OtherFormat[] = [
  {
    gives: 'nothing',
    matches: startsWith(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59),
    what: 'a NumPy array',
    instead: 'open a model first',
  },
  {
    gives: 'nothing',
    matches: says(/^(\x89PNG|\xff\xd8\xff|GIF8)/),
    what: 'a picture',
    instead: 'open an .onnx file',
  },
  { gives: 'nothing', matches: says(/^%PDF/), what: 'a PDF document', instead: 'open an .onnx file' },
  {
    gives: 'nothing',
    matches: says(/^\s*[{[]\s*["[{\]}]/),
    what: 'JSON',
    instead: 'open an .onnx file; a recipe is opened beside it',
  },
];
