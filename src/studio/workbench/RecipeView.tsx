import { Button, CopyButton } from '@mantine/core';
import { useState } from 'react';
import { formatBytes, formatChange } from '../format';
import { formOf, needsData, writtenRecipe } from '../methods';
import { currentRecipe, stackOf } from '../state/recipe';
import { useStudio } from '../store';
import { describeHeavy } from './describe';
import { useModelEstimate } from './ModelEstimate';
import { usePlans } from './usePlans';
import { useVerdict } from './useVerdict';
import { WantsData } from './WantsData';

/** What Compress will do, all ticked layers together: in a line, and as the recipe it runs. */
export function RecipeView() {
  const model = useStudio((state) => state.model);
  const { layers, total, after } = useModelEstimate();
  const verdict = useVerdict(total.worst?.error);
  const plans = usePlans();
  const fixed = useStudio(({ fixedRecipe }) => fixedRecipe !== null);
  const selection = useStudio((state) => state.selection);
  const [open, setOpen] = useState(false);
  const step = useStudio((state) => state.step);
  if (!model) return null;
  // The advice above speaks of the layers in view.
  const unseen = layers.some(({ id }) => !selection.includes(id));
  // A step that needs data and is in view says so itself.
  const needing = layers
    .flatMap(({ id }) => {
      const stack = stackOf(plans.stacks, id);
      return stack.filter(
        (one, at) => needsData(one) && !(selection.includes(id) && at === Math.min(step, stack.length - 1)),
      );
    })
    .map(({ method }) => formOf(method)?.title ?? method);
  return (
    <section className="card recipe" aria-label="Recipe">
      <div className="card-title">
        <h2>Recipe</h2>
        <span>
          {layers.length} {layers.length === 1 ? 'layer' : 'layers'} · model {formatBytes(model.bytes)} → about{' '}
          {formatBytes(after)} ({formatChange(after / model.bytes - 1)})
        </span>
      </div>
      {unseen && total.heavy > 0 && !verdict && <p className="recipe-heavy">{describeHeavy(total, layers.length)}</p>}
      {unseen && total.heavy > 0 && verdict && (
        <p className={verdict.kept ? 'recipe-fixed' : 'recipe-heavy'}>{verdict.sentence}</p>
      )}
      {needing.length > 0 && <WantsData what={`${needing[0]}, a step of this recipe,`} />}
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
