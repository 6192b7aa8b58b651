/** Types for the one part of node-forge that is used: loading the whole of it takes a tenth of the agent's start. */
declare module 'node-forge/lib/asn1.js' {
  import { asn1 } from 'node-forge';
  export default asn1;
}
