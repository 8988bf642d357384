import {
  type CSSVariablesResolver,
  convertCssVariables,
  createTheme,
  DEFAULT_THEME,
  defaultCssVariablesResolver,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  mergeMantineTheme,
  type VariantColorsResolver,
} from '@mantine/core';

// Teal is what is kept, orange what hurts. Shade 7 fills buttons in the light and carries white text, shade 4 in the
// dark and carries black, both at 4.5 : 1 or better.
const teal: MantineColorsTuple = [
  '#e6f4f6',
  '#d0e8ec',
  '#a3d3db',
  '#66d9e8',
  '#3bc9db',
  '#22b8cf',
  '#0f7f94',
  '#0b7285',
  '#095f6f',
  '#064a57',
];
const orange: MantineColorsTuple = [
  '#fdf0e7',
  '#fadcc8',
  '#f6b98f',
  '#f39a5c',
  '#f08038',
  '#ee6d1f',
  '#e8590c',
  '#c2480a',
  '#9c3907',
  '#7a2c05',
];
const stone: MantineColorsTuple = [
  '#d6d4d0',
  '#bfbdb8',
  '#a3a19b',
  '#83817b',
  '#5e5c57',
  '#44433f',
  '#2e2e2f',
  '#1f1f20',
  '#161617',
  '#0f0f10',
];

// Mantine settles the text on a filled button once, for both schemes; the accent is dark in one and bright in the other.
const variantColorResolver: VariantColorsResolver = (input) => ({
  ...defaultVariantColorsResolver(input),
  ...(input.variant === 'filled' && { color: 'var(--on-kept)' }),
});

export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: { light: 7, dark: 4 },
  variantColorResolver,
  colors: { teal, orange, dark: stone },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '0.6875rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: { fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});

/**
 * The colours that charts and panels share: `--kept` (and `--on-kept`, text on it), `--hurts`, `--saved` (the green of a gain in words), `--grid`,
 * `--panel`, `--ground`, `--well` (behind figures), `--ink`, `--quiet` (secondary text, 4.5 : 1 on all of the grounds),
 * `--line`, `--tint` (a selected row).
 */
const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-dimmed': '#686660',
    '--mantine-color-placeholder': '#716f69',
    '--ground': '#fbfaf8',
    '--panel': '#ffffff',
    '--well': '#f1f0ec',
    '--ink': '#1c1b19',
    '--quiet': '#686660',
    '--line': '#e3e1dc',
    '--grid': '#e3e1dc',
    '--kept': '#0b7285',
    '--on-kept': '#ffffff',
    '--kept-soft': '#0b72851a',
    '--tint': '#e3eff1',
    '--hurts': '#e8590c',
    '--hurts-text': '#b4430a',
    '--saved': '#1f7a33',
  },
  dark: {
    '--mantine-color-body': '#1d1d1f',
    '--mantine-color-dimmed': '#a09e98',
    '--mantine-color-placeholder': '#a09e98',
    '--ground': '#161617',
    '--panel': '#1d1d1f',
    '--well': '#29292b',
    '--ink': '#eceae6',
    '--quiet': '#a09e98',
    '--line': '#343436',
    '--grid': '#343436',
    '--kept': '#3bc9db',
    '--on-kept': '#0b1a1d',
    '--kept-soft': '#3bc9db24',
    '--tint': '#1f3236',
    '--hurts': '#ff922b',
    '--hurts-text': '#ffa94d',
    '--saved': '#69db7c',
  },
});

/**
 * Puts the theme's variables on the page, by a constructed style sheet: the <style> element that Mantine would write is
 * forbidden by the content security policy.
 */
export function applyTheme(): void {
  const merged = mergeMantineTheme(DEFAULT_THEME, theme);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    [defaultCssVariablesResolver(merged), cssVariables(merged)]
      .map((variables) => convertCssVariables(variables))
      .join('\n'),
  );
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
