// A worklet as a built file of its own, by its address.
declare module "*?worker&url" {
  const address: string;
  export default address;
}
