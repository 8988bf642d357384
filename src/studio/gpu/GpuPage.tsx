import { Button, Progress, Table } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { isAbort, messageOf, type Progress as Step } from '../../engine/page/light';
import { type GpuReport, measureGpu } from '../../engine/page/measuring';
import { indexedDbStore } from '../../worker/tuningStore';
import { STUDIO_ADDRESS } from '../route';
import SparsityChart from './SparsityChart';
import './gpu.css';

/** What this browser's WebGPU adapter can do, and how fast the engine's kernels are on it, measured on request. */
export default function GpuPage() {
  const { report, step, failure, start, cancel } = useMeasurement();
  useEffect(() => {
    const before = document.title;
    document.title = 'This GPU · Carrara';
    return () => {
      document.title = before;
    };
  }, []);
  return (
    <main className="studio-page gpu-page">
      <article>
        <h1>This GPU</h1>
        <p>
          Measures what WebGPU can do here: how fast the adapter multiplies and adds, how fast its memory is, and how
          near to both the engine's kernels come. It takes some seconds; other work on the GPU disturbs the figures.
        </p>
        <div className="gpu-run">
          {step ? (
            <>
              <Button variant="default" onClick={cancel}>
                Cancel
              </Button>
              <Progress className="gpu-progress" value={(100 * step.done) / step.total} aria-label="Measured" />
              <span role="status">{step.label}</span>
            </>
          ) : (
            <Button onClick={start}>{report ? 'Measure again' : 'Measure'}</Button>
          )}
        </div>
        {failure && <p role="alert">{failure}</p>}
        {report && <Report report={report} />}
        <p>
          <a href={STUDIO_ADDRESS}>Back to the studio</a>
        </p>
      </article>
    </main>
  );
}

function useMeasurement() {
  const [report, setReport] = useState<GpuReport | null>(null);
  const [step, setStep] = useState<Step | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const running = useRef<AbortController | null>(null);
  const cancel = () => running.current?.abort();
  useEffect(() => () => running.current?.abort(), []);

  async function start() {
    const controller = new AbortController();
    running.current = controller;
    setFailure(null);
    setStep({ done: 0, total: 1, label: 'Starting' });
    try {
      if (!navigator.gpu) throw new Error('This browser has no WebGPU: use a current Chrome, Edge, Safari or Firefox.');
      setReport(
        await measureGpu(navigator.gpu, { signal: controller.signal, onProgress: setStep, tuning: indexedDbStore() }),
      );
    } catch (error) {
      if (!isAbort(error)) setFailure(messageOf(error));
    } finally {
      setStep(null);
    }
  }
  return { report, step, failure, start, cancel };
}

const figure = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 });
const CLOCKS = {
  'timestamp-query': "by the GPU's own clock",
  synchronised: 'around a wait for the GPU, which adds some tenths of a millisecond',
};

function Report({ report }: { report: GpuReport }) {
  const { adapter, software, limits, features, clock, ceilings, variants, kernels, sparsity } = report;
  return (
    <>
      <h2>Adapter</h2>
      <Table>
        <Table.Tbody>
          <Row name="Name" value={adapter + (software ? ' (software: the CPU backend is faster)' : '')} />
          <Row name="Multiply and add" value={`${figure(ceilings.gflops)} GFLOP/s`} />
          <Row name="Copy" value={`${figure(ceilings.gigabytes)} GB/s, read and written`} />
          <Row name="Kernel variants" value={Object.values(variants).join(', ')} />
          <Row name="Times" value={`taken ${CLOCKS[clock]}`} />
          {Object.entries(limits).map(([name, value]) => (
            <Row key={name} name={name} value={value.toLocaleString('en')} />
          ))}
          <Row name="Features" value={features.join(', ')} />
        </Table.Tbody>
      </Table>
      <h2>Kernels</h2>
      <p>The last column is the time that the adapter's two figures above allow, over the time taken.</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section className="gpu-table" tabIndex={0} aria-label="Kernels">
        <Table>
          <Table.Thead>
            <Table.Tr>
              {['Kernel', 'Shape', 'ms', 'GFLOP/s', 'GB/s', 'Bound by', 'Of what is possible'].map((title) => (
                <Table.Th key={title}>{title}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {kernels.map(({ name, shape, ms, gflops, gigabytes, bound, share }) => (
              <Table.Tr key={name + shape}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>{shape}</Table.Td>
                <Table.Td>{figure(ms)}</Table.Td>
                <Table.Td>{gflops > 0 ? figure(gflops) : ''}</Table.Td>
                <Table.Td>{figure(gigabytes)}</Table.Td>
                <Table.Td>{bound}</Table.Td>
                <Table.Td>{Math.round(100 * share)} %</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
      <h2>What zeros are worth</h2>
      <p>
        How many times faster than dense a product with a weight [{sparsity.n}, {sparsity.n}] is that stores only what
        is not zero, by the share of zeros. Below the dashed line it is slower.
      </p>
      <SparsityChart curves={sparsity.curves} />
    </>
  );
}

function Row({ name, value }: { name: string; value: string }) {
  return (
    <Table.Tr>
      <Table.Th scope="row">{name}</Table.Th>
      <Table.Td>{value}</Table.Td>
    </Table.Tr>
  );
}
