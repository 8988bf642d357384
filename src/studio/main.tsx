import '../noEval';
import { MantineProvider } from '@mantine/core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '@mantine/core/styles.css';
import './studio.css';
import { App } from './App';
import { keepBeforeLeaving } from './state/keeping';
import { useStudio } from './store';
import { applyTheme, theme } from './theme';

applyTheme();
const { start, openTabsProject } = useStudio.getState();
void start().then(openTabsProject);
keepBeforeLeaving(useStudio);
void useStudio.getState().loadSamples();

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} withCssVariables={false} withGlobalClasses={false} defaultColorScheme="auto">
      <App />
    </MantineProvider>
  </StrictMode>,
);
