import type { GpuError } from '../core/errors';
import { Buffers } from './buffers';
import { type Device, openDevice } from './device';
import { Dispatcher } from './dispatcher';
import { Pace } from './pace';
import { Tuning, type TuningStore } from './tuning';

/** A device and everything that belongs to it. */
export interface Session {
  readonly device: Device;
  readonly buffers: Buffers;
  readonly dispatcher: Dispatcher;
  readonly productPace: Pace;
  readonly rotationPace: Pace;
  readonly selectionPace: Pace;
  /** Most bytes of a matrix in one buffer; larger ones are held in panels of rows. */
  readonly panelBytes: number;
  /** Absent on a software adapter, whose speed depends on what else the processor does. */
  readonly tuning?: Tuning;
}

export interface SessionOptions {
  readonly panelBytes: number;
  readonly tuning?: TuningStore | undefined;
}

/** Null where there is no adapter. */
export async function openSession(gpu: GPU, { panelBytes, tuning }: SessionOptions): Promise<Session | null> {
  const device = await openDevice(gpu);
  if (!device) return null;
  return {
    device,
    buffers: new Buffers(device),
    dispatcher: new Dispatcher(device),
    productPace: new Pace(),
    rotationPace: new Pace(),
    selectionPace: new Pace(),
    panelBytes: Math.min(panelBytes, device.largestBinding),
    ...(tuning && !device.software && { tuning: new Tuning(device.name, tuning) }),
  };
}

export function closeSession({ buffers, device }: Session): void {
  buffers.freeAll();
  device.destroy();
}

// Where memory is that short, smaller panels would not fit either.
const LEAST_PANEL_BYTES = 2 ** 22;

/** The session in use, and its replacement after a failure. */
export class Sessions {
  #opening: Promise<boolean> | undefined;
  #closed = false;
  private constructor(
    private readonly gpu: GPU,
    private readonly options: SessionOptions,
    public current: Session,
  ) {}

  /** Null where there is no adapter. */
  static async open(gpu: GPU, options: SessionOptions): Promise<Sessions | null> {
    const first = await openSession(gpu, options);
    return first && new Sessions(gpu, options, first);
  }

  /**
   * Opens a new session after the current one failed. Returns false where there is no adapter any more, or where memory
   * ran out although panels have their smallest size; the session is new then too, for work that needs less. Jobs that
   * fail together share the session that the first of them requested.
   */
  async replace(error: GpuError): Promise<boolean> {
    const { failed } = this.current.device;
    if (this.#closed) return false;
    if (!failed) return true;
    this.#opening ??= this.#replace(error).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #replace({ reason }: GpuError): Promise<boolean> {
    const { panelBytes } = this.current;
    const smaller = reason === 'memory' && panelBytes / 2 >= LEAST_PANEL_BYTES;
    // The failed session must free its memory before the next one allocates.
    closeSession(this.current);
    const next = await openSession(this.gpu, {
      ...this.options,
      panelBytes: smaller ? panelBytes / 2 : panelBytes,
    }).catch(() => null);
    if (!next) return false;
    if (this.#closed) closeSession(next);
    else this.current = next;
    return !this.#closed && (reason === 'lost' || smaller);
  }

  close(): void {
    this.#closed = true;
    closeSession(this.current);
  }
}
