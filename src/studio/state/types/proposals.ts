import type { DataReport, ProposalName, ProposalReport } from '../../../engine/page/light';
import type { Stack } from './stacks';

/** The proposals for the open model: what was found so far. */
export interface Proposals {
  /** Null until something was measured. */
  readonly report: ProposalReport | null;
  /** The data that they were measured on; null: generated inputs. */
  readonly data: DataReport | null;
  /** How the search ended; absent while it is at work. */
  readonly ended?: 'done' | 'stopped' | 'failed';
  /** Why it failed, in a sentence. */
  readonly fault?: string;
  readonly dismissed: boolean;
  /** The proposal that is in the workbench, and the stacks that it gives to layers. */
  readonly taken?: { readonly name: ProposalName; readonly stacks: readonly (readonly [id: string, stack: Stack])[] };
}

export interface ProposalsSlice {
  /** Null before there are any, and where none are looked for. */
  readonly proposals: Proposals | null;
  /** Whether they are looked for when a model or data are opened. */
  readonly proposesByItself: boolean;
  setProposesByItself(on: boolean): void;
  /** Looks for them where there are none of the open model and data, if that is wanted and does not take long. */
  proposeWhereNone(): Promise<void>;
  /** Looks for them in the background: what the user does comes first. */
  startProposals(): Promise<void>;
  stopProposals(): void;
  dismissProposals(dismissed: boolean): void;
  /** Makes a proposal's recipe that of the workbench, compresses by it and compares. */
  takeProposal(name: ProposalName): Promise<void>;
}
