import type { ModelReport } from '../../engine/page/light';
import { FIRST_GOAL, FIRST_SETTINGS } from '../goal/limits';
import { stackKey } from './recipe';
import type { Moment } from './types/history';
import type { Workbench } from './types/projects';
import type { InterruptedRun } from './types/runs';
import type { Search } from './types/search';
import type { Stack } from './types/stacks';

const VERSION = 1;

/** Of the undo history, the newest edits are kept. */
const MOST_EDITS = 20;

/** By layer id, the index of the stack in the list of different ones. */
type PackedStacks = Readonly<Record<string, number>>;

type Packed<T> = Omit<T, 'stacks' | 'included'> & { readonly stacks: number; readonly included: readonly string[] };

/** The JSON that a project keeps of the page: many layers share a stack, and many moments share all stacks. */
interface PackedWorkbench extends Packed<Omit<Workbench, 'past' | 'future' | 'ranStacks' | 'interrupted' | 'search'>> {
  readonly version: typeof VERSION;
  readonly distinct: readonly Stack[];
  readonly maps: readonly PackedStacks[];
  readonly ranStacks: readonly (readonly [run: number, map: number])[];
  readonly interrupted: (Omit<InterruptedRun, 'stacks'> & { readonly stacks: number }) | null;
  readonly search: string | null;
  readonly past: readonly Packed<Moment>[];
  readonly future: readonly Packed<Moment>[];
}

export function packWorkbench(workbench: Workbench): unknown {
  const distinct = new Map<string, { readonly index: number; readonly stack: Stack }>();
  const maps = new Map<ReadonlyMap<string, Stack>, { readonly index: number; readonly packed: PackedStacks }>();
  const packStacks = (stacks: ReadonlyMap<string, Stack>): number => {
    const known = maps.get(stacks);
    if (known) return known.index;
    const packed: Record<string, number> = {};
    for (const [id, stack] of stacks) {
      const key = stackKey(stack);
      if (!distinct.has(key)) distinct.set(key, { index: distinct.size, stack });
      packed[id] = distinct.get(key)!.index;
    }
    maps.set(stacks, { index: maps.size, packed });
    return maps.size - 1;
  };
  const packMoment = ({ stacks, included, settings, fixedRecipe, selection, step }: Moment): Packed<Moment> => ({
    stacks: packStacks(stacks),
    included: [...included],
    settings,
    fixedRecipe,
    selection,
    step,
  });
  const {
    sort,
    descending,
    filter,
    spectraPaused,
    currentRun,
    interrupted,
    provider,
    goal,
    searchSettings,
    comparing,
    proposals,
  } = workbench;
  const packed = {
    ...packMoment(workbench),
    ...{ sort, descending, filter, spectraPaused, currentRun, provider, goal, searchSettings, comparing, proposals },
    search: workbench.search && packSearch(workbench.search),
    interrupted: interrupted && { ...interrupted, stacks: packStacks(interrupted.stacks) },
    ranStacks: [...workbench.ranStacks].map(([run, stacks]) => [run, packStacks(stacks)] as const),
    past: workbench.past.slice(-MOST_EDITS).map(({ before }) => packMoment(before)),
    future: workbench.future.slice(-MOST_EDITS).map(packMoment),
  };
  return {
    version: VERSION,
    ...packed,
    distinct: [...distinct.values()].map(({ stack }) => stack),
    maps: [...maps.values()].map(({ packed }) => packed),
  } satisfies PackedWorkbench;
}

const packedSearches = new WeakMap<Search, string>();

/** As text: a search has hundreds of recipes, and the workbench is packed whenever a slider has moved. */
function packSearch(search: Search): string {
  const packed = packedSearches.get(search) ?? JSON.stringify(search);
  packedSearches.set(search, packed);
  return packed;
}

/** A search that was at work has ended with its page. */
const unpackSearch = (packed: string): Search => ({ ended: 'stopped', ...(JSON.parse(packed) as Search) });

/** What `packWorkbench` packed; undefined where it is none, or of another version, or of a model with other layers. */
export function unpackWorkbench(packed: unknown, { layers }: Pick<ModelReport, 'layers'>): Workbench | undefined {
  if ((packed as Partial<PackedWorkbench> | null | undefined)?.version !== VERSION) return undefined;
  try {
    const {
      version: _,
      distinct,
      maps,
      ranStacks,
      interrupted,
      search,
      past,
      future,
      ...rest
    } = packed as PackedWorkbench;
    // A page that knew of no search or no proposals may have kept it.
    const { goal = FIRST_GOAL, searchSettings = FIRST_SETTINGS, proposals = null } = rest;
    const known = new Set(layers.map(({ id }) => id));
    const unpackedMaps = maps.map(
      (map) => new Map(Object.entries(map).map(([id, index]) => [id, existing(distinct[index])] as const)),
    );
    const isOfModel = unpackedMaps.every((map) => [...map.keys()].every((id) => known.has(id)));
    if (!isOfModel || ![...rest.included, ...rest.selection].every((id) => known.has(id))) return undefined;
    const unpack = <T extends Packed<Moment>>(moment: T) => ({
      ...moment,
      stacks: existing(unpackedMaps[moment.stacks]),
      included: new Set(moment.included),
    });
    return {
      ...unpack(rest),
      goal,
      searchSettings,
      proposals,
      search: search ? unpackSearch(search) : null,
      // A workbench that was kept before there was a choice has none.
      comparing: rest.comparing ?? {},
      ranStacks: new Map(ranStacks.map(([run, map]) => [run, existing(unpackedMaps[map])])),
      interrupted: interrupted && { ...interrupted, stacks: existing(unpackedMaps[interrupted.stacks]) },
      past: past.map((before) => ({ before: unpack(before) })),
      future: future.map(unpack),
    };
  } catch {
    // A value that was kept by another version of the page, or only in part.
    return undefined;
  }
}

function existing<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The kept workbench refers to what it does not hold.');
  return value;
}
