import { ActionIcon } from '@mantine/core';
import { IconArrowLeft, IconArrowRight, IconTrash } from '@tabler/icons-react';
import { formOf } from '../methods';
import { Advice } from './Advice';
import { Figures } from './Figures';
import { SpectrumPicture } from './SpectrumPicture';
import { StepControls } from './StepControls';
import type { StackView } from './useStack';

/** The step in view: its spectrum, its options, what the layers become with it, and whether it will help. */
export function StepCard({ view }: { view: StackView }) {
  const { layers, stack, index, mixed } = view;
  const step = stack[index];
  const form = formOf(step.method);
  return (
    <section className="card" aria-label="Step">
      <div className="card-title step-title">
        <h2 title={form?.paper}>{form?.title ?? step.method}</h2>
        <span className="step-summary">{form?.summary}</span>
        {stack.length > 1 && (
          <>
            <StepAction
              label="Move the step earlier"
              disabled={index === 0}
              onClick={() => view.move(index, index - 1)}
            >
              <IconArrowLeft size={14} />
            </StepAction>
            <StepAction
              label="Move the step later"
              disabled={index === stack.length - 1}
              onClick={() => view.move(index, index + 1)}
            >
              <IconArrowRight size={14} />
            </StepAction>
          </>
        )}
        <StepAction label="Remove the step" onClick={() => view.remove(index)}>
          <IconTrash size={14} />
        </StepAction>
      </div>
      {mixed && (
        <p className="step-mixed">The layers have different steps. A change here gives these steps to all of them.</p>
      )}
      {/* The spectrum is the layer's own, before any step. What only running a step shows stands in the preview. */}
      {index === 0 && form?.truncates && <SpectrumPicture layers={layers} />}
      <StepControls view={view} step={step} />
      <Figures view={view} />
      <Advice view={view} />
    </section>
  );
}

function StepAction(props: { label: string; disabled?: boolean; onClick: () => void; children: React.ReactNode }) {
  return (
    <ActionIcon
      size="sm"
      variant="subtle"
      color="gray"
      aria-label={props.label}
      title={props.label}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      {props.children}
    </ActionIcon>
  );
}
