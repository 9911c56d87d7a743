// The world of an audio worklet, which the DOM's types do not know.

interface Scope {
  readonly sampleRate: number;
  readonly AudioWorkletProcessor: new () => { readonly port: MessagePort };
  registerProcessor(name: string, made: new () => Running): void;
}

interface Running {
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

const scope = globalThis as unknown as Scope;

export const Processor = scope.AudioWorkletProcessor;

/** Hz: what the device runs at. */
export const deviceRate = scope.sampleRate;

export function register(name: string, made: new () => Running): void {
  scope.registerProcessor(name, made);
}
