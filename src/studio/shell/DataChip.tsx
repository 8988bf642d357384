import { Menu } from '@mantine/core';
import { dataFormats, describeShapes, listedDataExtensions } from '../../engine/page/light';
import { DATA_FILES, pick } from '../files';
import { formatInteger } from '../format';
import { useStudio } from '../store';

/** Shows the data that both models run on. A click changes it. */
export function DataChip() {
  const data = useStudio((state) => state.data);
  const openFiles = useStudio((state) => state.openFiles);
  const clearData = useStudio((state) => state.clearData);
  const given = data && !data.generated;
  const label = data ? (data.generated ? 'generated' : data.labelled ? 'labelled' : 'unlabelled') : '';
  return (
    <Menu position="bottom-start" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <button
          type="button"
          className="chip chip-open"
          title={`Original and compressed are compared on ${given ? data.name : 'generated inputs'}${
            data ? `: ${formatInteger(data.samples)} samples${given ? `, ${label}` : ''}` : ''
          }${data?.shapes ? ` (${describeShapes(data.shapes)})` : ''}${
            data?.calibration
              ? ` · methods are calibrated on ${data.calibration.name}: ${formatInteger(data.calibration.samples)} samples`
              : ''
          }`}
        >
          <span className="chip-kind">data</span>
          <strong>{given ? data.name : 'generated inputs'}</strong>
          {data && (
            <span className="chip-figures">
              {formatInteger(data.samples)} samples{given ? `, ${label}` : ''}
            </span>
          )}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={async () => void openFiles(await pick(DATA_FILES))}>
          Open data ({listedDataExtensions()})…
        </Menu.Item>
        <Menu.Item disabled={!given} onClick={() => void clearData()}>
          Use generated inputs
        </Menu.Item>
        <p className="menu-note">
          {dataFormats().map(({ help }) => `${help} `)}
          Methods that need data are calibrated on a file without labels, opened beside labelled data
          {data?.calibration
            ? `: now ${data.calibration.name}, ${formatInteger(data.calibration.samples)} samples.`
            : '; without it, a quarter of the samples is kept apart for that.'}
        </p>
      </Menu.Dropdown>
    </Menu>
  );
}
