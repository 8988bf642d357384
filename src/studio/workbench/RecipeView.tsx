import { Button, CopyButton } from '@mantine/core';
import { useState } from 'react';
import { totalCost } from '../cost';
import { formatBytes, formatChange } from '../format';
import { writtenRecipe } from '../methods';
import { currentRecipe } from '../state/recipe';
import { useStudio } from '../store';
import { describeHeavy } from './Advice';

/** What Compress will do, all ticked layers together: in a line, and as the recipe it runs. */
export function RecipeView() {
  const model = useStudio((state) => state.model);
  const included = useStudio((state) => state.included);
  const stacks = useStudio((state) => state.stacks);
  const spectra = useStudio((state) => state.spectra);
  const fixed = useStudio(({ fixedRecipe }) => fixedRecipe !== null);
  const selection = useStudio((state) => state.selection);
  const [open, setOpen] = useState(false);
  if (!model) return null;
  const layers = model.layers.filter(({ id }) => included.has(id));
  const total = totalCost(layers, { opset: model.opset, spectra, stacks });
  const { before, after } = total;
  // Of the layers in view the verdict above speaks.
  const unseen = layers.some(({ id }) => !selection.includes(id));
  const bytes = model.bytes - before.bytes + after.bytes;
  return (
    <section className="card recipe" aria-label="Recipe">
      <div className="card-title">
        <h2>Recipe</h2>
        <span>
          {layers.length} {layers.length === 1 ? 'layer' : 'layers'} · model {formatBytes(model.bytes)} → about{' '}
          {formatBytes(bytes)} ({formatChange(bytes / model.bytes - 1)})
        </span>
      </div>
      {unseen && total.heavy > 0 && <p className="recipe-heavy">{describeHeavy(total, layers.length)}</p>}
      {fixed && (
        <p className="recipe-fixed">
          Taken over word for word; a change to a step, a tick or a setting makes it yours.
        </p>
      )}
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Show as JSON</summary>
        {open && <Json />}
      </details>
    </section>
  );
}

function Json() {
  const model = useStudio((state) => state.model);
  const included = useStudio((state) => state.included);
  const stacks = useStudio((state) => state.stacks);
  const settings = useStudio((state) => state.settings);
  const fixedRecipe = useStudio((state) => state.fixedRecipe);
  if (!model) return null;
  const text = writtenRecipe(currentRecipe({ model, included, stacks, settings, fixedRecipe }));
  return (
    <div className="recipe-json">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{text}</pre>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button size="compact-xs" variant="default" onClick={copy}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </CopyButton>
    </div>
  );
}
