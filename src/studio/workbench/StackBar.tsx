import { Button, Menu } from '@mantine/core';
import type { KeyboardEvent } from 'react';
import { isEstimated, operatorAfter, planOf } from '../cost';
import { formatBytes } from '../format';
import { describeOptions, formOf, methodForms, needsData, newStep } from '../methods';
import { type Stack, useStudio } from '../store';
import { usePlans } from './usePlans';
import type { StackView } from './useStack';
import { lacksData } from './WantsData';

/** The steps from left to right, what is stored after each, and the way to add one. */
export function StackBar({ view }: { view: StackView }) {
  const { stack, index, ids } = view;
  const showStep = useStudio((state) => state.showStep);
  const setStack = useStudio((state) => state.setStack);
  const add = (next: Stack, shown: number) => {
    setStack(ids, next);
    showStep(shown);
  };
  const onKeyDown = (event: KeyboardEvent, at: number) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move !== undefined && event.altKey) {
      event.preventDefault();
      view.move(at, at + move);
      focusCard(event, at + move);
    } else if (move !== undefined) focusCard(event, at + move);
    else if (event.key === 'Delete') view.remove(at);
  };
  return (
    <ol className="stack" aria-label="Steps">
      {stack.map((step, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a step has no name of its own, and may stand there twice
        <li key={at}>
          <button
            type="button"
            className="stack-step"
            aria-current={at === index ? 'step' : undefined}
            aria-keyshortcuts="Alt+ArrowLeft Alt+ArrowRight Delete"
            title="Alt with an arrow moves the step, Delete removes it"
            onClick={() => showStep(at)}
            onKeyDown={(event) => onKeyDown(event, at)}
          >
            <strong>{formOf(step.method)?.title ?? step.method}</strong>
            <span>{describeOptions(step) || formOf(step.method)?.summary}</span>
            <StepBytes view={view} at={at} />
          </button>
        </li>
      ))}
      <li>
        <Menu position="bottom-start" width={360} withinPortal={false} withInitialFocusPlaceholder={false}>
          <Menu.Target>
            <Button size="compact-sm" variant="default" className="stack-add">
              + step
            </Button>
          </Menu.Target>
          <Menu.Dropdown className="stack-methods">
            {methodForms().map((form) => (
              <Menu.Item key={form.name} onClick={() => add([...stack, newStep(form)], stack.length)}>
                <strong>{form.title}</strong>
                <small>{form.summary}</small>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </li>
    </ol>
  );
}

/** The focus goes to the card of another step as soon as it is drawn. */
function focusCard({ currentTarget }: KeyboardEvent, at: number): void {
  const list = currentTarget.closest('ol');
  requestAnimationFrame(() => list?.querySelectorAll<HTMLElement>('.stack-step')[at]?.focus());
}

/** What is stored after a step, or that it can't run yet. */
function StepBytes({ view: { layers, stack, mixed }, at }: { view: StackView; at: number }) {
  const plans = usePlans();
  const withoutData = useStudio(lacksData);
  if (withoutData && needsData(stack[at])) return <small data-tone="hurts">needs data</small>;
  if (mixed) return <small>differs</small>;
  let bytes = 0;
  let about = '';
  for (const layer of layers) {
    const plan = planOf(layer, plans, stack);
    const operator = operatorAfter(plan, at + 1);
    if (!operator) return <small>size known after compressing</small>;
    bytes += operator.bytes;
    if (isEstimated(plan, at + 1)) about = '≈';
  }
  return (
    <small>
      {about}
      {formatBytes(bytes)}
    </small>
  );
}
