import type { Schema } from 'avsc'

/**
 * Version 1 of a batch's two schemas. Both are frozen: a change of either is a new file with `v2` names, because the Envelope's fingerprint,
 * which stands in front of every message, is all a reader has to choose its Payload by. A test pins the canonical forms.
 * The records are columns, one array a field, because deflate finds the repetitions in a column and not between fields that alternate.
 */
export const ENVELOPE: Schema = {
  type: 'record',
  name: 'io.weir.v1.Envelope',
  fields: [
    { name: 'sandbox', type: { type: 'fixed', name: 'io.weir.v1.Sandbox', size: 16 } },
    { name: 'sequence', type: 'long' },
    { name: 'count', type: 'int' },
    { name: 'codec', type: 'int' },
    { name: 'dictionary', type: 'int' },
    { name: 'rawBytes', type: 'long' },
    { name: 'previous', type: 'bytes' },
    { name: 'checksum', type: { type: 'fixed', name: 'io.weir.v1.Checksum', size: 4 } },
    { name: 'records', type: 'bytes' },
    { name: 'signature', type: 'bytes' },
  ],
}

export const PAYLOAD: Schema = {
  type: 'record',
  name: 'io.weir.v1.Payload',
  fields: [
    {
      name: 'function',
      type: {
        type: 'record',
        name: 'io.weir.v1.Function',
        fields: [
          { name: 'arn', type: 'string' },
          { name: 'account', type: 'long' },
          { name: 'memoryMb', type: 'int' },
          { name: 'version', type: 'string' },
          { name: 'region', type: 'string' },
          { name: 'runtime', type: 'string' },
          { name: 'initializationType', type: 'string' },
        ],
      },
    },
    { name: 'extension', type: 'string' },
    { name: 'emitted', type: 'long' },
    {
      name: 'dropped',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'io.weir.v1.Dropped',
          fields: [
            { name: 'reason', type: 'string' },
            { name: 'records', type: 'long' },
            { name: 'bytes', type: 'long' },
          ],
        },
      },
    },
    { name: 'invocations', type: { type: 'array', items: 'bytes' } },
    {
      name: 'signals',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'io.weir.v1.Signal',
          fields: [
            { name: 'name', type: 'string' },
            { name: 'contentType', type: 'int' },
          ],
        },
      },
    },
    { name: 'signal', type: { type: 'array', items: 'int' } },
    { name: 'invocation', type: { type: 'array', items: 'int' } },
    { name: 'time', type: { type: 'array', items: 'long' } },
    { name: 'body', type: { type: 'array', items: 'bytes' } },
  ],
}

/** CRC-64-AVRO of the Envelope's canonical form, little endian, 16 hex digits: written out so that the writer needs no schema code. */
export const ENVELOPE_FINGERPRINT = 'f9014844af85037b'
