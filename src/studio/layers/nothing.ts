import { formWords, type LayerReport } from '../../engine/page/light';

/** More forms than this are too many to read at a glance. */
const MOST_FORMS = 3;

/** A sentence that says why no layer of the model can be compressed. */
export function emptyListReason(layers: readonly LayerReport[]): string {
  const forms = layers.flatMap(({ stored }) => (stored === undefined ? [] : [formWords(stored)]));
  if (forms.length === 0)
    return layers.length === 0
      ? 'This model holds no weight that can be compressed.'
      : 'This model holds no weight that can be compressed; the list on the left says why.';
  const distinct = [...new Set(forms)];
  const shown = distinct.length > MOST_FORMS ? `${distinct.length} forms` : distinct.join(', ');
  const whose = forms.length === 1 ? 'one layer is stored' : `${forms.length} layers are stored`;
  return `This model was compressed already: ${whose} as ${shown}; open the original to compress it again.`;
}
