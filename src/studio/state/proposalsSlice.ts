import { type DataReport, type ModelReport, PRIORITY, type ProposalReport } from '../../engine/page/light';
import { callback, engine, isCancelled } from '../engine';
import { sentence } from './jobs';
import { stacksOf } from './recipe';
import type { Proposals, ProposalsSlice } from './types/proposals';
import type { Slice, Studio } from './types/studio';

/** Larger models take longer than a minute: proposals for them are looked for when the user asks. */
export const LARGEST_BY_ITSELF = 20e6;

const SETTING = 'carrara.proposals';

export const proposalsSlice: Slice<ProposalsSlice> = (set, get) => {
  let atWork: AbortController | undefined;

  const change = (model: ModelReport, part: Partial<Proposals>) => {
    const { proposals } = get();
    if (get().model === model && proposals) set({ proposals: { ...proposals, ...part } });
  };

  /** The workbench follows the safe proposal as long as the user has changed nothing. */
  async function follow(model: ModelReport, { proposals }: ProposalReport): Promise<void> {
    const safe = proposals.find(({ name }) => name === 'safe');
    if (!safe?.keepsPromise || !isUntouched(get())) return;
    const stacks = stacksOf(model, await engine.checkRecipe(safe.recipe));
    if (get().model !== model || !isUntouched(get())) return;
    set({ stacks, included: new Set(stacks.keys()) });
    change(model, { taken: { name: 'safe', stacks: [...stacks] } });
  }

  /** Looks for proposals; `until` ends the call early, what was found stays. */
  function search(
    model: ModelReport,
    priority: number,
    own: AbortController,
    onReport: (report: ProposalReport) => void,
  ) {
    return get().enqueue({
      kind: 'proposals',
      label: 'Looking for three ways to make it smaller',
      priority,
      yieldsTo: priority === PRIORITY.idle ? PRIORITY.background : PRIORITY.preview,
      signal: own.signal,
      call: (job) => {
        if (get().model !== model) throw new DOMException('The model was closed.', 'AbortError');
        return engine.propose(callback(onReport), job);
      },
    });
  }

  return {
    proposals: null,
    proposesByItself: storedSetting(),
    setProposesByItself(on) {
      set({ proposesByItself: on });
      keepSetting(on);
      if (on) void get().proposeWhereNone();
    },
    async proposeWhereNone() {
      const { model, proposals, data, proposesByItself } = get();
      if (!model || !proposesByItself || model.bytes > LARGEST_BY_ITSELF) return;
      if (proposals?.ended !== undefined && isOf(proposals, data)) return;
      await get().startProposals();
    },
    async startProposals() {
      const { model, data, proposals } = get();
      if (!model?.layers.some(({ compressible }) => compressible)) return;
      atWork?.abort();
      const own = new AbortController();
      atWork = own;
      set({ proposals: { report: null, data: given(data), dismissed: proposals?.dismissed ?? false } });
      const isCurrent = () => atWork === own && get().model === model;
      const show = (report: ProposalReport) => {
        // Reports come by another port than the answer, maybe after it.
        if (!isCurrent() || get().proposals?.ended) return;
        change(model, { report });
        void follow(model, report).catch(() => undefined);
      };
      try {
        // The first safe one comes soon; what makes it smaller lets the measuring of spectra go first.
        const first = new AbortController();
        own.signal.addEventListener('abort', () => first.abort(own.signal.reason), { once: true });
        let report = await search(model, PRIORITY.background, first, (found) => {
          show(found);
          if (found.proposals.some(({ name, keepsPromise }) => name === 'safe' && keepsPromise)) first.abort(FOUND);
        }).catch((error: unknown) => {
          if (first.signal.reason !== FOUND) throw error;
          return undefined;
        });
        report ??= await search(model, PRIORITY.idle, own, show);
        if (!isCurrent()) return;
        show(report);
        change(model, { ended: 'done' });
      } catch (error) {
        // After a restart of the engine it begins again.
        if (!isCurrent() || get().restarting) return;
        change(
          model,
          isCancelled(error) || own.signal.aborted ? { ended: 'stopped' } : { ended: 'failed', fault: sentence(error) },
        );
      }
    },
    stopProposals() {
      atWork?.abort();
    },
    dismissProposals(dismissed) {
      const { model } = get();
      if (dismissed) get().stopProposals();
      if (model) change(model, { dismissed });
    },
    async takeProposal(name) {
      const { model, proposals } = get();
      const proposal = proposals?.report?.proposals.find((one) => one.name === name);
      if (!model || !proposal || !(await get().applyRecipe(proposal.recipe, `The proposal “${name}”`))) return;
      const { stacks, included } = get();
      change(model, { taken: { name, stacks: [...included].map((id) => [id, stacks.get(id)!] as const) } });
      await get().compress();
    },
  };
};

const FOUND = new DOMException('A safe proposal was found.', 'AbortError');

/** Nothing was changed since the model was opened, and nothing was compressed. */
export const isUntouched = ({
  past,
  future,
  fixedRecipe,
  runs,
  interrupted,
}: Pick<Studio, 'past' | 'future' | 'fixedRecipe' | 'runs' | 'interrupted'>): boolean =>
  past.length === 0 && future.length === 0 && fixedRecipe === null && runs.length === 0 && interrupted === null;

/** Whether proposals were measured on the data that are open. */
export const isOf = (proposals: Pick<Proposals, 'data'>, data: DataReport | null): boolean =>
  JSON.stringify(proposals.data) === JSON.stringify(given(data));

/** Generated inputs are the same for a model, however often they are generated. */
const given = (data: DataReport | null): DataReport | null => (data?.generated ? null : data);

function storedSetting(): boolean {
  try {
    return localStorage.getItem(SETTING) !== 'off';
  } catch {
    // Storage is denied, or there is no page.
    return true;
  }
}

function keepSetting(on: boolean): void {
  try {
    if (on) localStorage.removeItem(SETTING);
    else localStorage.setItem(SETTING, 'off');
  } catch {
    // Storage is denied: the choice holds until the page is closed.
  }
}
